import { isAddress } from '../../protocol/types/address.ts';
import type { CdrContent } from './content.ts';

const known = new Set([
  ...['callId', 'escrowId', 'user', 'direction', 'from', 'to', 'startedAt', 'answeredAt', 'endedAt', 'disposition'],
  ...['sipStatus', 'hangupBy', 'voucher', 'corrects'],
]);
const dispositions = new Set(['answered', 'busy', 'no-answer', 'cancelled', 'failed']);
const callIdForm = /^[!-~]{1,255}$/;
/** Visible ASCII, with blanks inside it. */
const partyForm = /^[!-~](?:[ -~]{0,253}[!-~])?$/;
const hangupByForm = /^[!-~](?:[ -~]{0,62}[!-~])?$/;
const timeForm = /^2[01]\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;

/**
 * The content of a CDR as proxies send it: in ASCII, with times in UTC and milliseconds, without a voucher. A tenth of
 * the time that its schema takes. Null: something is otherwise, or wrong, and the schema has to look at it.
 */
export function readUsual(item: unknown): CdrContent | null {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return null;
  for (const key of Object.keys(item)) if (!known.has(key)) return null;
  const { callId, user, from, to, direction, disposition, escrowId, sipStatus, ...rest } = item as Record<
    string,
    unknown
  >;
  const { hangupBy, corrects, voucher, startedAt, answeredAt, endedAt } = rest;
  if (voucher != null || typeof callId !== 'string' || !callIdForm.test(callId)) return null;
  if (typeof user !== 'string' || user.length !== 34 || !isAddress(user)) return null;
  if (!isParty(from) || !isParty(to) || (direction !== 'outbound' && direction !== 'inbound')) return null;
  if (typeof disposition !== 'string' || !dispositions.has(disposition)) return null;
  if (!isWithin(escrowId, 1, Number.MAX_SAFE_INTEGER) || !isWithin(sipStatus, 100, 699)) return null;
  if (corrects != null && !isWithin(corrects, 1, Number.MAX_SAFE_INTEGER)) return null;
  if (hangupBy != null && (typeof hangupBy !== 'string' || !hangupByForm.test(hangupBy))) return null;
  if (!isTime(startedAt) || !isTime(endedAt) || !(answeredAt === null || isTime(answeredAt))) return null;
  return {
    answeredAt,
    callId,
    ...(corrects != null && { corrects: corrects as number }),
    direction,
    disposition,
    endedAt,
    escrowId,
    from,
    ...(hangupBy != null && { hangupBy: hangupBy as string }),
    sipStatus,
    startedAt,
    to,
    user,
  };
}

const isParty = (value: unknown): value is string => typeof value === 'string' && partyForm.test(value);

const isWithin = (value: unknown, min: number, max: number): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;

/** Every month has them; of the others, Date has to say. */
const DAYS_OF_EACH_MONTH = 28;

/** One that exists, and is written as it is stored: Date takes February 30 for March 2. */
function isTime(value: unknown): value is string {
  if (typeof value !== 'string' || !timeForm.test(value)) return false;
  return Number(value.slice(8, 10)) <= DAYS_OF_EACH_MONTH || new Date(value).toISOString() === value;
}
