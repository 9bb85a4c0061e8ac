import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { bytesToHex } from '@noble/hashes/utils.js';
import { type Cdr, type CdrVerdict, listCdrs, submitCdrs } from '../../protocol/api/cdrs.ts';
import type { Client } from '../../protocol/api/client.ts';
import type { Signer } from '../../protocol/sign/signer.ts';
import { signVoucher } from '../../protocol/sign/voucher.ts';
import { type Datoshi, datoshi } from '../../protocol/types/datoshi.ts';
import type { Chain } from '../connect.ts';
import type { Cast, OpenedEscrow } from './cast.ts';
import { calls, type Expectation, expectationOf, lastEndMs, type PlannedCall } from './plan.ts';

/** A call that was made, and the record that its provider has of it. */
export type Call = {
  planned: PlannedCall;
  escrow: OpenedEscrow;
  expected: Expectation;
  provider: Signer;
  cdr: { callId: string } & Record<string, unknown>;
};

/** Waits until the last call is over: no record of ours is older than its call. */
export async function makeCalls(chain: Chain, cast: Cast, opened: readonly OpenedEscrow[]): Promise<Call[]> {
  const lastEnd = Math.max(...opened.map(({ openedAt }) => openedAt)) + lastEndMs;
  await sleep(Math.max(0, lastEnd - Date.now()));
  const run = randomBytes(4).toString('hex');
  const signed = new Map<bigint, bigint>();
  const made = calls.map(async (planned, i) => {
    const escrow = opened.find(({ name }) => name === planned.escrow) as OpenedEscrow;
    const expected = expectationOf(planned);
    const total = datoshi((signed.get(escrow.id) ?? 0n) + expected.price);
    signed.set(escrow.id, total);
    const cdr = await cdrOf(chain, cast, escrow, planned, `demo-${run}-${i + 1}`, total);
    return { planned, escrow, expected, provider: cast.providers[escrow.provider] as Signer, cdr };
  });
  return Promise.all(made);
}

async function cdrOf(
  chain: Chain,
  { users }: Cast,
  escrow: OpenedEscrow,
  call: PlannedCall,
  callId: string,
  total: Datoshi,
) {
  const { id, openedAt, voucherKey, user } = escrow;
  const started = openedAt + call.startMs;
  const answered = call.talkMs === null ? null : started + call.ringMs;
  const ended = (answered ?? started + call.ringMs) + (call.talkMs ?? 0);
  const { network, contract } = chain;
  const voucher = voucherKey && (await signVoucher(voucherKey, { network, contract, escrowId: id }, total));
  const isAnswered = answered !== null;
  return {
    callId,
    escrowId: Number(id),
    user: users[user]?.address,
    direction: 'outbound',
    from: `+3120555010${user}`,
    to: '+4930555020',
    startedAt: new Date(started).toISOString(),
    answeredAt: isAnswered ? new Date(answered).toISOString() : null,
    endedAt: new Date(ended).toISOString(),
    disposition: isAnswered ? 'answered' : 'no-answer',
    sipStatus: isAnswered ? 200 : 480,
    ...(isAnswered && { hangupBy: 'caller' }),
    ...(voucher && {
      voucher: { total: voucher.total.toString(), signature: bytesToHex(voucher.signature) },
    }),
  };
}

/** What the API said to each record that was sent: one verdict for each time. */
export type Sent = { call: Call; verdict: CdrVerdict }[];

/**
 * Each provider hands in its calls; one of them twice at the same time, and one again with another content afterwards.
 */
export async function submitCalls(api: Client, made: readonly Call[]): Promise<Sent> {
  const twice = made.filter(({ planned }) => planned.twist === 'duplicate');
  const byProvider = Map.groupBy(
    made.filter((call) => !twice.includes(call)),
    ({ provider }) => provider,
  );
  const sent = await Promise.all([...byProvider.values(), twice, twice].map((batch) => submit(api, batch)));
  const altered = made
    .filter(({ planned }) => planned.twist === 'conflict')
    .map((call) => ({ ...call, cdr: { ...call.cdr, to: '+4930555099' } }));
  return [...sent.flat(), ...(await submit(api, altered))];
}

async function submit(api: Client, batch: readonly Call[]): Promise<Sent> {
  const signer = (batch[0] as Call).provider;
  const { cdrs } = await api.as(signer).call(submitCdrs, { body: { cdrs: batch.map(({ cdr }) => cdr) } });
  return batch.map((call, i) => ({ call, verdict: cdrs[i] as CdrVerdict }));
}

/**
 * A settlement takes 5 to 10 s: an empty block until the rating, 2 s of patience, two blocks. A busy machine takes
 * longer.
 */
const DECIDED_LIMIT_MS = 60_000;
const POLL_MS = 500;

/** Asks each provider's records until nothing more will happen to any of them, or time is up. */
export async function waitUntilDecided(api: Client, made: readonly Call[]): Promise<Map<Call, Cdr>> {
  const deadline = Date.now() + DECIDED_LIMIT_MS;
  const providers = new Set(made.map(({ provider }) => provider));
  for (;;) {
    const lists = await Promise.all(
      [...providers].map((provider) => api.as(provider).call(listCdrs, { query: { limit: 100 } })),
    );
    const cdrOfCall = new Map(lists.flatMap(({ items }) => items).map((cdr) => [`${cdr.provider} ${cdr.callId}`, cdr]));
    const found = made.flatMap((call): [Call, Cdr][] => {
      const cdr = cdrOfCall.get(`${call.provider.address} ${call.cdr.callId}`);
      return cdr ? [[call, cdr]] : [];
    });
    const isDone = found.length === made.length && found.every(([, cdr]) => isDecided(cdr));
    if (isDone || Date.now() > deadline) return new Map(found);
    await sleep(POLL_MS);
  }
}

/** A call that nobody answered has its end with its rating. */
function isDecided({ state, price }: Cdr): boolean {
  return state === 'rejected' || state === 'settled' || state === 'failed' || (state === 'rated' && price === '0');
}
