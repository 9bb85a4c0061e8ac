import { z } from 'zod';
import { NodeUnavailable } from '../../chain/errors.ts';
import { describe } from '../../process/run.ts';
import { addressSchema } from '../../protocol/types/address.ts';
import { datoshiSchema } from '../../protocol/types/datoshi.ts';
import { priceAtAnswer, takeAnswer } from './answer.ts';
import { findCall } from './calls.ts';
import { type CallRefusal, sipAnswer } from './decide-call.ts';
import type { LimitName } from './decide-limits.ts';
import type { Deps } from './deps.ts';
import { type Answer, type Route, route } from './http.ts';
import { type AskedCall, permit } from './permit.ts';
import { noteBack, noteLost, recordEnd, setAside } from './record.ts';
import { type AskedRegistration, register } from './register.ts';
import { type GivenVoucher, keepVoucher, type VoucherVerdict } from './vouchers.ts';
import { canWake, wake } from './wake.ts';

/** What Kamailio asks, by the moments of a call: `krypton_register.py` is the other end. */

/** SIP headers and texts of a request; what is not there is null or left out. */
const text = z.string().max(4_096);
const optional = text.nullish().transform((value) => value ?? null);

const registerSchema = z.object({
  user: text,
  connection: text,
  device: optional,
  headers: z.record(z.string(), text.nullable()),
});

const callSchema = z.object({
  method: z.enum(['INVITE', 'MESSAGE']),
  callId: text.min(1),
  fromTag: text,
  request: text.min(1),
  sender: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('user'), user: addressSchema }),
    z.object({ kind: z.literal('gateway'), number: text }),
    z.object({ kind: z.literal('provider'), user: addressSchema, identity: text }),
  ]),
  called: text,
  escrow: optional,
  voucher: optional,
});

/** Seconds since 1970 with a fraction, as Kamailio writes them. */
const time = z
  .string()
  .regex(/^\d{9,11}(\.\d{1,9})?$/)
  .transform((value) => new Date(Math.round(Number(value) * 1000)));

const answeredSchema = z.object({ callId: text, entry: z.int(), id: z.int(), at: time });

const lostSchema = z.object({ callId: text, at: time });
const backSchema = z.object({ callId: text });

/** As Kamailio's accounting engine writes it (acc_json), with `cdr_extra` of record.cfg. */
const endedSchema = z.object({
  callId: text.min(1),
  /** Of the answer; without one, of the end. */
  start_time: time,
  end_time: time,
  duration: z.string().regex(/^\d+(\.\d+)?$/),
  /** The final answer to the INVITE; empty where there was none. */
  status: z.string().regex(/^([1-6]\d\d)?$/),
  by: z.enum(['caller', 'callee', 'provider']),
  /** Of the first 18x; empty where there was none. */
  ringing: z.union([time, z.literal('')]).default(''),
  /** When somebody hung up: the engine's own end is none of a dialog that a BYE of Kamailio's ends. Empty: nobody did. */
  until: z.union([time, z.literal('')]).default(''),
});

const wakeSchema = z.object({ callId: text, user: addressSchema, at: time, wakesAll: z.boolean() });

const reportsSchema = z.object({ reports: z.array(z.unknown()).max(1_000) });

const voucherSchema = z.object({ body: text });

export function kamailioRoutes(deps: Deps): Route[] {
  return [
    route('POST', '/register', registerSchema, async (asked) => ({
      json: await register(deps, asked as AskedRegistration),
    })),
    route('POST', '/call', callSchema, (asked) => answerCall(deps, asked)),
    route('POST', '/reports', reportsSchema, ({ reports: told }) => takeReports(deps, told)),
    route('POST', '/voucher', voucherSchema, ({ body }) => answerVoucher(deps, body)),
  ];
}

/** The calls' moments, as Kamailio tells them: in order, and again what could not be told. */
const reports = {
  answered: take(answeredSchema, (deps, { callId, entry, id, at }) =>
    takeAnswer(deps, callId, { at, dialog: { entry, id } }) ? 'noted' : 'unknown',
  ),
  ended: take(endedSchema, takeEnd),
  lost: take(lostSchema, (deps, { callId, at }) => (noteLost(deps, callId, at) ? 'noted' : 'unknown')),
  back: take(backSchema, (deps, { callId }) => (noteBack(deps, callId) ? 'noted' : 'unknown')),
  wake: take(wakeSchema, takeWaiting),
};

const kindSchema = z.object({ kind: z.enum(Object.keys(reports) as (keyof typeof reports)[]) });

/** `failed`: at this very one, which is to be told again. */
type Taken = 'noted' | 'unknown' | 'recorded' | 'known' | 'aside' | 'failed';

/** So what can't be read is kept aside, and blocks nothing behind it. */
function take<S extends z.ZodType>(schema: S, taken: (deps: Deps, report: z.output<S>) => Taken) {
  return (deps: Deps, told: unknown): Taken => {
    const report = schema.safeParse(told);
    if (report.success) return taken(deps, report.data);
    setAside(deps, 'malformed', { told, error: z.prettifyError(report.error) });
    return 'aside';
  };
}

function takeReports(deps: Deps, told: readonly unknown[]): Answer {
  const results = told.map((each): Taken => {
    const { kind } = kindSchema.safeParse(each).data ?? { kind: 'ended' }; // whose schema says what is wrong with it
    try {
      return reports[kind](deps, each);
    } catch (error) {
      deps.log.error(`a report of Kamailio: ${describe(error)}`);
      deps.log.debug(error);
      return 'failed';
    }
  });
  return { json: { results } };
}

/**
 * Answered by a 2xx, and from its moment on: the engine's own beginning is the ACK, which comes later, or never. Where
 * the answer was not told, it has to do.
 */
function takeEnd(deps: Deps, report: z.output<typeof endedSchema>): Taken {
  const { callId, start_time: start, end_time: end, duration, status, by, ringing, until } = report;
  const isAnswered = status.startsWith('2');
  const priced = findCall(deps.store, callId)?.answeredAt ?? null;
  const known = priced ?? (until || end);
  const began = Number(duration) > 0 && start < known ? start : known;
  const answeredAt = isAnswered ? began : null;
  if (answeredAt && answeredAt !== priced) priceAtAnswer(deps, callId, answeredAt);
  // nobody hangs up before the answer: who calls has a CANCEL for that
  const endedAt = until === '' || until < began ? end : until;
  const hangupBy = isAnswered ? by : status === '487' ? 'caller' : null;
  const sipStatus = status === '' ? 500 : Number(status);
  const ended = { answeredAt, endedAt, sipStatus, hangupBy, ringingAt: ringing === '' ? null : ringing };
  return recordEnd(deps, callId, ended);
}

/** Nobody waits for the push services: other reports are told behind this one. */
function takeWaiting(deps: Deps, waiting: z.output<typeof wakeSchema>): Taken {
  wake(deps, waiting).catch((error) => deps.log.error(`${waiting.callId}: nobody is woken: ${describe(error)}`));
  return 'noted';
}

async function answerCall(deps: Deps, asked: z.output<typeof callSchema>): Promise<Answer> {
  const { method, callId, fromTag, request, sender, called } = asked;
  const [escrowId, voucher] = [readEscrowId(asked.escrow), readVoucher(asked.voucher)];
  if (escrowId === undefined || voucher === undefined) return { json: refused('malformed') };
  const given: AskedCall = { method, sipCallId: callId, fromTag, request, sender, called, escrowId, voucher };
  const permitted = await permit(deps, given);
  if (!permitted.allowed) return { json: refused(permitted.reason, permitted.limit) };
  const { target, maxSeconds, isCharged } = permitted;
  const gateways = target.kind === 'gateway' ? deps.gateways : [];
  const { elsewhere = null } = permitted;
  const wakes = target.kind === 'user' && canWake(deps, target.user);
  const answer = { callId: permitted.callId, maxSeconds, isCharged, target, gateways, elsewhere, wakes };
  return { json: { allowed: true, ...answer } };
}

function refused(reason: CallRefusal, limit?: LimitName) {
  const headers = { 'X-Krypton-Reason': reason, ...(limit && { 'X-Krypton-Limit': limit }) };
  return { allowed: false, ...sipAnswer(reason), headers };
}

function readEscrowId(header: string | null): bigint | null | undefined {
  if (header === null) return null;
  return /^[1-9]\d{0,15}$/.test(header.trim()) ? BigInt(header.trim()) : undefined;
}

/** `<escrowId>;<total>;<signature>` */
function readVoucher(header: string | null): GivenVoucher | null | undefined {
  if (header === null) return null;
  const [escrowId = '', total, signature = '', ...more] = header.trim().split(';');
  return more.length > 0 ? undefined : (voucherOf({ escrowId, total, signature }) ?? undefined);
}

const givenSchema = z.object({
  escrowId: z.union([z.int().positive(), z.string().regex(/^[1-9]\d{0,15}$/)]).transform(BigInt),
  total: datoshiSchema,
  signature: z
    .string()
    .regex(/^[0-9a-fA-F]{128}$/)
    .transform((hex) => hex.toLowerCase()),
});
const voucherOf = (given: unknown): GivenVoucher | null => givenSchema.safeParse(given).data ?? null;

type VoucherAnswer = VoucherVerdict | 'malformed' | 'unknownEscrow' | 'nodeUnavailable';
const voucherAnswers: Record<VoucherAnswer, { status: number; phrase: string }> = {
  kept: { status: 200, phrase: 'OK' },
  lower: { status: 200, phrase: 'OK' },
  malformed: { status: 400, phrase: 'Malformed Voucher' },
  noVoucherKey: { status: 403, phrase: 'Escrow Needs No Vouchers' },
  overAmount: { status: 403, phrase: 'Voucher Over Amount' },
  badSignature: { status: 403, phrase: 'Voucher Does Not Hold' },
  unknownEscrow: { status: 404, phrase: 'Unknown Escrow' },
  nodeUnavailable: { status: 503, phrase: 'Chain Unavailable' },
};

/** `{"escrowId", "total", "signature"}` of an INFO. */
async function answerVoucher(deps: Deps, body: string): Promise<Answer> {
  const reason = await takeVoucher(deps, body);
  const headers = voucherAnswers[reason].status === 200 ? {} : { 'X-Krypton-Reason': reason };
  return { json: { ...voucherAnswers[reason], headers } };
}

async function takeVoucher({ store, chain, signer, network, contract }: Deps, body: string): Promise<VoucherAnswer> {
  const voucher = voucherOf(jsonOf(body));
  if (voucher === null) return 'malformed';
  try {
    const escrow = await chain.escrow(voucher.escrowId);
    if (escrow?.provider !== signer.address) return 'unknownEscrow';
    return keepVoucher(store, { network, contract }, escrow, voucher);
  } catch (error) {
    if (error instanceof NodeUnavailable) return 'nodeUnavailable';
    throw error;
  }
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined; // the schema says that it is none
  }
}
