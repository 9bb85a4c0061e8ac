import type { DeckPrice } from '../../protocol/call/call-price.ts';
import { type Destination, destinationOf } from '../../protocol/call/destination.ts';
import type { RefusalReason } from '../../protocol/call/permission.ts';
import { type Address, addressSchema } from '../../protocol/types/address.ts';
import type { IdentityRefusal } from './between.ts';

/** What a call is, before anybody asks the chain: who pays, for what, and whether the provider wants it at all. */

/** Who has sent the INVITE or MESSAGE, as Kamailio has found out by the connection or the address. */
export type Sender =
  /** The user who is registered on that very connection. */
  | { kind: 'user'; user: Address }
  /** The gateway to the PSTN; what it says of the caller is only shown. */
  | { kind: 'gateway'; number: string }
  /** Another provider, for a user of theirs. */
  | { kind: 'provider'; user: Address; identity: string };

export type Asked = {
  method: 'INVITE' | 'MESSAGE';
  sender: Sender;
  /** The user part of the request's URI. */
  called: string;
};

export type CallKind = {
  direction: 'outbound' | 'inbound';
  /** Who pays where it is not free. */
  payer: Address;
  /** As the CDR names them. */
  from: string;
  to: string;
  destination: Destination;
  /** Whatever the deck says. */
  isFree?: boolean;
  /** Where it goes: to a number through the gateways, or to a user. */
  target: { kind: 'gateway'; number: string } | { kind: 'user'; user: Address };
};

export type ProviderRefusal = 'unknownNumber' | 'badDestination';
export type CallRefusal =
  | RefusalReason
  | ProviderRefusal
  | 'callUnderWay'
  | 'blockedDestination'
  | 'overLimit'
  | IdentityRefusal
  | 'nodeUnavailable'
  | 'malformed'
  | 'unknownEscrow';

/** The SIP answer to each reason. */
const answers: Record<CallRefusal, { status: number; phrase: string }> = {
  callEnded: { status: 403, phrase: 'Call Has Ended Already' },
  callUnderWay: { status: 482, phrase: 'Call Is Under Way Already' },
  noEscrow: { status: 402, phrase: 'No Escrow' },
  escrowEnded: { status: 402, phrase: 'Escrow Has Ended' },
  unknownEscrow: { status: 402, phrase: 'Escrow Is Not Of This User With This Provider' },
  overParallel: { status: 403, phrase: 'Too Many Calls For This Escrow' },
  noTariff: { status: 404, phrase: 'No Tariff For This Destination' },
  deckMissing: { status: 503, phrase: 'Rate Deck Missing' },
  overAgreedTerms: { status: 402, phrase: 'Dearer Than Agreed' },
  voucherMissing: { status: 402, phrase: 'Voucher Missing' },
  insufficientFunds: { status: 402, phrase: 'Insufficient Funds' },
  unknownNumber: { status: 404, phrase: 'Unknown Number' },
  badDestination: { status: 404, phrase: 'No Such Destination' },
  blockedDestination: { status: 403, phrase: 'Destination Blocked' },
  overLimit: { status: 403, phrase: 'Over The Limit Of This Provider' },
  identityMalformed: { status: 400, phrase: 'Malformed Identity' },
  identityForeign: { status: 403, phrase: 'Identity For Another Provider' },
  identityExpired: { status: 403, phrase: 'Identity Expired' },
  identityMismatch: { status: 403, phrase: 'Identity Of Another Call' },
  identityInvalid: { status: 403, phrase: 'Identity Does Not Hold' },
  identityReplayed: { status: 403, phrase: 'Identity Was Used' },
  identityUnknown: { status: 403, phrase: 'Caller Not Registered With This Provider' },
  nodeUnavailable: { status: 503, phrase: 'Chain Unavailable' },
  malformed: { status: 400, phrase: 'Malformed Call' },
};
export const sipAnswer = (reason: CallRefusal): { status: number; phrase: string } => answers[reason];
/** `numbers`: whose a called number is. */
export function kindOf(
  { method, sender, called }: Asked,
  numbers: (number: string) => Address | null,
): CallKind | { refused: ProviderRefusal } {
  if (sender.kind === 'gateway') {
    const number = asNumber(called);
    const user = numbers(number);
    if (user === null) return { refused: 'unknownNumber' };
    const party = calledAs(method, 'inbound', number);
    return { ...party, payer: user, from: sender.number, target: { kind: 'user', user } };
  }
  const address = addressSchema.safeParse(called);
  if (sender.kind === 'provider') {
    // to users here, and no further; what it costs is between the caller and their own provider
    if (!address.success) return { refused: 'badDestination' };
    const user = address.data;
    const free = { direction: 'inbound', destination: { kind: 'other' }, isFree: true } as const;
    return { ...free, payer: user, from: sender.user, to: user, target: { kind: 'user', user } };
  }
  const number = asNumber(called);
  const party = calledAs(method, 'outbound', address.success ? address.data : number);
  const shared = { ...party, payer: sender.user, from: sender.user };
  if (address.success) return { ...shared, target: { kind: 'user', user: address.data } };
  if (party.destination.kind !== 'number') return { refused: 'badDestination' };
  return { ...shared, target: { kind: 'gateway', number } };
}

/** As the CDR says it: the settler prices by nothing else. */
function calledAs(method: Asked['method'], direction: CallKind['direction'], party: string) {
  const to = method === 'MESSAGE' ? `sms:${party}` : party;
  return { direction, to, destination: destinationOf({ direction, to }) };
}

/** Gateways write E.164 with a +, with 00, or bare. */
function asNumber(user: string): string {
  const digits = user.replace(/[-.()]/g, '').replace(/^00/, '+');
  return /^[1-9]\d{6,14}$/.test(digits) ? `+${digits}` : digits;
}

/** Calls between users, from the PSTN, and messages are free unless the deck has an entry for them. */
export const isFree = ({ kind }: Destination, price: DeckPrice): boolean =>
  kind !== 'number' && kind !== 'other' && (price.kind === 'free' || price.kind === 'noDeck');
