import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { authorizeCall, type CallAnswer, releaseCall } from '../../protocol/api/calls.ts';
import { type Cdr, type CdrVerdict, listCdrs, submitCdrs } from '../../protocol/api/cdrs.ts';
import type { Client } from '../../protocol/api/client.ts';
import { submitVoucher } from '../../protocol/api/vouchers.ts';
import type { Signer } from '../../protocol/sign/signer.ts';
import { datoshi } from '../../protocol/types/datoshi.ts';
import type { Chain } from '../connect.ts';
import type { Cast, OpenedEscrow } from './cast.ts';
import { type Asked, patiently } from './patience.ts';
import { calls, type Expectation, expectationOf, type PlannedCall, places, termsFor } from './plan.ts';
import { createPurse, type Purse } from './purse.ts';

/** A call that was asked for, and what came of it. */
export type Call = {
  planned: PlannedCall;
  escrow: OpenedEscrow;
  expected: Expectation;
  provider: Signer;
  callId: string;
  permission: CallAnswer;
  /** What the API said to its records: one verdict for each time that one was sent. */
  verdicts: CdrVerdict[];
  /** Whether a record was sent once more than planned, because no answer came. */
  isRepeated: boolean;
};

/** A softphone signs so often for what was talked until then. */
const VOUCHER_MS = 2_000;

type Line = { api: Client; provider: Signer; user: Signer; escrow: OpenedEscrow; purse: Purse; callId: string };

/** All calls, each at its time, until the last record is handed in. */
export async function makeCalls(chain: Chain, api: Client, cast: Cast, opened: readonly OpenedEscrow[]) {
  const run = randomBytes(4).toString('hex');
  const purses = new Map(opened.map((escrow) => [escrow, createPurse(chain, escrow)]));
  const begin = Date.now();
  return Promise.all(
    calls.map(async (planned, i): Promise<Call> => {
      const escrow = opened.find(({ name }) => name === planned.escrow) as OpenedEscrow;
      const line: Line = {
        api,
        provider: cast.providers[escrow.provider] as Signer,
        user: cast.users[escrow.user] as Signer,
        escrow,
        purse: purses.get(escrow) as Purse,
        callId: `demo-${run}-${i + 1}`,
      };
      await sleep(Math.max(0, begin + planned.startMs - Date.now()));
      return makeCall(line, planned);
    }),
  );
}

/** As a provider's proxy does it: ask, ring, talk, hand in the record. */
async function makeCall(line: Line, planned: PlannedCall): Promise<Call> {
  const { api, provider, escrow, callId } = line;
  const startedAt = new Date();
  const priced = termsFor(escrow.provider, planned.to);
  if (priced) line.purse.set(callId, { terms: priced.terms, talked: null });
  await signFor(line);
  const permission = await askFor(line, planned);
  const call = { planned, escrow, expected: expectationOf(planned), provider, callId, permission };
  if (!permission.allowed) {
    line.purse.remove(callId);
    return { ...call, verdicts: [], isRepeated: false };
  }
  await sleep(planned.ringMs);
  const talked = planned.talkMs === null ? null : await talk(line, planned.talkMs, permission);
  if (talked === null) {
    await patiently(() => api.as(provider).call(releaseCall, { params: { callId } }));
    line.purse.remove(callId);
  }
  const cdr = await cdrOf(line, planned, startedAt, talked);
  const sent = await handIn(line, planned, cdr);
  return {
    ...call,
    verdicts: sent.map(({ answer }) => answer),
    isRepeated: sent.some(({ again }) => again),
  };
}

async function askFor({ api, provider, user, escrow, callId }: Line, { to }: PlannedCall): Promise<CallAnswer> {
  const body = {
    callId,
    user: user.address,
    destination: places[to],
    direction: 'outbound' as const,
    escrowId: Number(escrow.id),
  };
  const { answer } = await patiently(() => api.as(provider).call(authorizeCall, { body }));
  return answer;
}

type Talked = { answeredAt: Date; endedAt: Date; isCut: boolean };

/** As long as they want, or the permission reaches; meanwhile the user signs for it, where that was agreed. */
async function talk(
  line: Line,
  talkMs: number,
  { maxSeconds, ratePerSecond, feePerCall, increments }: Extract<CallAnswer, { allowed: true }>,
): Promise<Talked> {
  const answeredAt = new Date();
  const ms = Math.min(talkMs, maxSeconds * 1000);
  const endsAt = new Date(answeredAt.getTime() + ms);
  const terms = {
    ratePerSecond: datoshi(BigInt(ratePerSecond)),
    feePerCall: datoshi(BigInt(feePerCall)),
    initialIncrement: increments.initial,
    increment: increments.further,
  };
  line.purse.set(line.callId, { terms, talked: { answeredAt, endsAt } });
  for (let left = ms; left > 0; left = endsAt.getTime() - Date.now()) {
    await sleep(Math.min(left, VOUCHER_MS));
    if (left > VOUCHER_MS) await signFor(line); // the last voucher comes with the record
  }
  return { answeredAt, endedAt: endsAt, isCut: ms < talkMs };
}

/** Where the escrow asks for it. */
async function signFor({ api, escrow, purse }: Line): Promise<void> {
  const voucher = await purse.sign();
  const params = { id: Number(escrow.id) };
  if (voucher) await patiently(() => api.call(submitVoucher, { params, body: voucher }));
}

async function cdrOf(
  { user, escrow, purse, callId }: Line,
  { to }: PlannedCall,
  startedAt: Date,
  talked: Talked | null,
) {
  return {
    callId,
    escrowId: Number(escrow.id),
    user: user.address,
    direction: 'outbound' as const,
    from: `+3120555010${escrow.user}`,
    to: places[to] as string,
    startedAt: startedAt.toISOString(),
    answeredAt: talked?.answeredAt.toISOString() ?? null,
    endedAt: (talked?.endedAt ?? new Date()).toISOString(),
    disposition: talked ? ('answered' as const) : ('no-answer' as const),
    sipStatus: talked ? 200 : 480,
    hangupBy: talked ? (talked.isCut ? 'provider' : 'caller') : null,
    voucher: talked && (await purse.sign()),
  };
}

/** Once; or twice at the same time; or a second time with another content. */
async function handIn({ api, provider }: Line, { twist }: PlannedCall, cdr: Awaited<ReturnType<typeof cdrOf>>) {
  const submit = async (record: typeof cdr): Promise<Asked<CdrVerdict>> => {
    const { answer, again } = await patiently(() => api.as(provider).call(submitCdrs, { body: { cdrs: [record] } }));
    return { answer: answer.cdrs[0] as CdrVerdict, again };
  };
  const sent = await Promise.all([cdr, ...(twist === 'duplicate' ? [cdr] : [])].map(submit));
  return twist === 'conflict' ? [...sent, await submit({ ...cdr, to: '+4930555099' })] : sent;
}

/**
 * A settlement takes 5 to 10 s: an empty block until the rating, 2 s of patience, two blocks. Services that have to
 * start again take longer.
 */
const DECIDED_LIMIT_MS = 120_000;
const POLL_MS = 500;

/** Asks each provider's records until nothing more will happen to any of them, or time is up. */
export async function waitUntilDecided(api: Client, made: readonly Call[]): Promise<Map<Call, Cdr>> {
  const recorded = made.filter(({ permission }) => permission.allowed);
  const deadline = Date.now() + DECIDED_LIMIT_MS;
  for (;;) {
    const found = await readCdrs(api, recorded);
    const isDone = found.size === recorded.length && [...found.values()].every(isDecided);
    if (isDone || Date.now() > deadline) return found;
    await sleep(POLL_MS);
  }
}

async function readCdrs(api: Client, recorded: readonly Call[]): Promise<Map<Call, Cdr>> {
  const providers = [...new Set(recorded.map(({ provider }) => provider))];
  const lists = await Promise.all(
    providers.map((provider) => patiently(() => api.as(provider).call(listCdrs, { query: { limit: 100 } }))),
  );
  const cdrOfCall = new Map(lists.flatMap(({ answer }) => answer.items).map((cdr) => [cdr.callId, cdr]));
  return new Map(
    recorded.flatMap((call): [Call, Cdr][] => {
      const cdr = cdrOfCall.get(call.callId);
      return cdr ? [[call, cdr]] : [];
    }),
  );
}

/** A call that nobody answered has its end with its rating. */
function isDecided({ state, price }: Cdr): boolean {
  return state === 'rejected' || state === 'settled' || state === 'failed' || (state === 'rated' && price === '0');
}
