import type { EscrowRecord } from '../../chain/read.ts';
import type { CallPrice } from '../../protocol/call/call-price.ts';
import type { Hold, KeptHold, PermissionEscrow } from '../../protocol/call/permission.ts';
import { leastPrice, type Terms } from '../../protocol/call/price.ts';

/** What a call costs, and what is promised to it. */
export type Charge = { escrowId: bigint; terms: Terms; entry: string | null; tariffHash: string | null; hold: Hold };

/** A call keeps the price that it began with, or was answered with. */
export const priceOfCharge = ({ terms, entry, tariffHash }: Charge): CallPrice => {
  return { kind: 'priced', terms, entry, tariffHash };
};

/** The chain tells of an escrow that is being closed by an end that has passed. */
export const permissionEscrow = (record: EscrowRecord, voucherTotal: bigint): PermissionEscrow => ({
  state: 'open',
  amount: record.amount,
  spent: record.spent,
  ratePerSecond: record.ratePerSecond,
  feePerCall: record.feePerCall,
  increment: record.increment,
  maxParallel: record.maxParallel,
  endsAt: record.endsAt,
  voucherKey: record.voucherKey,
  voucherTotal,
});

/** Here a call is over once its record is there, and then it has no hold. */
export const underWay = ({ hold, terms }: Charge): KeptHold => {
  return { ...hold, isHandedIn: false, least: leastPrice(terms) };
};
