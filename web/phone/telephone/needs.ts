import type { Destination } from '../../../protocol/call/destination.ts';
import type { Terms } from '../../../protocol/call/price.ts';
import type { RegistrationTerms } from '../../../protocol/sign/registration.ts';
import type { Signer } from '../../../protocol/sign/signer.ts';
import type { Address } from '../../../protocol/types/address.ts';
import type { ScriptHash } from '../../../protocol/types/hash.ts';
import type { Record as BilledRecord } from '../call/bill.ts';
import type { Signed } from './payer.ts';
import type { Shown } from './register.ts';

/** What the telephone needs of the wallet and of the purse, and nothing else of them. */
export type Needs = {
  network: number;
  contract: ScriptHash;
  user: Address;
  /** Where a provider's proxy is. @throws where nobody knows */
  placeOf(provider: Address): Promise<{ url: string; domain: string }>;
  isOnChain(provider: Address): Promise<boolean>;
  /** By the wallet, or by a key that it has delegated to. Null: locked, and to stay so. */
  sign(terms: RegistrationTerms): Promise<Shown | null>;
  /** From the provider's deck in force, checked against the chain. */
  priceOf(provider: Address, destination: Destination): Promise<Price>;
  /** The open escrow that pays for calls with this provider. Null: there is none. */
  reserveOf(provider: Address): Promise<Reserved | null>;
  /** The person is asked to reserve money for such a call; null: they would rather not. */
  askToReserve(provider: Address, terms: Terms): Promise<Reserved | null>;
  /** The person is asked for more money or time, while a call runs. */
  askToExtend(escrowId: bigint): void;
  handIn(escrowId: bigint, signed: Signed): void;
  /** What the provider's record says of a call that is over. Null: it is not there yet, or we can't ask now. */
  recordOf(provider: Address, callId: string): Promise<BilledRecord | null>;
};

export type Price =
  | { kind: 'free' }
  /** `entry`: the prefix of the deck that prices it; null: the escrow's own terms do. */
  | { kind: 'priced'; terms: Terms; entry: string | null }
  | { kind: 'unknown'; reason: 'noTariff' | 'deckMissing' };

export type Reserved = {
  escrowId: bigint;
  amount: bigint;
  /** What the chain has paid out of it. */
  spent: bigint;
  endsAt: number;
  /** The escrow's voucher key; null: it needs no vouchers, and pays whatever its provider claims. */
  key: Pick<Signer, 'sign'> | null;
};
