import { type Address, addressSchema } from '../types/address.ts';

/** What a call goes to, as far as its price depends on it. */
export type Destination =
  /** An E.164 number: `+` and 1 to 15 digits. */
  | { kind: 'number'; number: string }
  /** A user of KRYPTON, here or with another provider. */
  | { kind: 'neo'; address: Address }
  /** A call from the PSTN to the user. */
  | { kind: 'inbound' }
  /** A message instead of a call. */
  | { kind: 'message' }
  /** Anything else, e.g. a SIP URI without number: no rate deck knows it. */
  | { kind: 'other' };

/** ITU-T E.164: at most 15 digits, none of them a leading 0. */
const e164 = /^\+[1-9]\d{0,14}$/;
/** The user part of a SIP, SIPS or TEL URI (RFC 3261, RFC 3966). */
const uri = /^(?:sips?|tel):([^@;?:]+)/i;

/**
 * Reads `to` as a CDR or an INVITE gives it: a number, an address, or a URI of one. `sms:` in front marks a message
 * (RFC 5724). A number may hold the visual separators of RFC 3966.
 */
export function destinationOf({ direction, to }: { direction: string; to: string }): Destination {
  if (/^sms:/i.test(to)) return { kind: 'message' };
  if (direction === 'inbound') return { kind: 'inbound' };
  const user = uri.exec(to)?.[1] ?? to;
  const number = user.replace(/[-.()]/g, '');
  if (e164.test(number)) return { kind: 'number', number };
  const address = addressSchema.safeParse(user);
  return address.success ? { kind: 'neo', address: address.data } : { kind: 'other' };
}
