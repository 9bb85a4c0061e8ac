import { bytesToHex } from '@noble/hashes/utils.js';
import { leastPrice, priceOf, type Terms } from '../../protocol/call/price.ts';
import { signVoucher } from '../../protocol/sign/voucher.ts';
import { datoshi } from '../../protocol/types/datoshi.ts';
import type { Chain } from '../connect.ts';
import type { OpenedEscrow } from './cast.ts';

/** `talked` is null while it rings. */
type SignedCall = { terms: Terms; talked: { answeredAt: Date; endsAt: Date } | null };

/** What a user's softphone knows of an escrow's calls: it signs for what was talked, and for how calls begin. */
export type Purse = {
  set(callId: string, call: SignedCall): void;
  /** Nobody has answered. */
  remove(callId: string): void;
  /** For all calls as far as they have come until now; null where the escrow asks for no voucher. */
  sign(): Promise<{ total: string; signature: string } | null>;
};

export function createPurse({ network, contract }: Chain, { id, voucherKey }: OpenedEscrow): Purse {
  const calls = new Map<string, SignedCall>();
  return {
    set: (callId, call) => void calls.set(callId, call),
    remove: (callId) => void calls.delete(callId),
    sign: async () => {
      if (!voucherKey) return null;
      const costs = [...calls.values()].map((call) => costUntil(Date.now(), call));
      const total = datoshi(costs.reduce((sum, cost) => sum + cost, 0n));
      const voucher = await signVoucher(voucherKey, { network, contract, escrowId: id }, total);
      return { total: voucher.total.toString(), signature: bytesToHex(voucher.signature) };
    },
  };
}

function costUntil(nowMs: number, { talked, terms }: SignedCall): bigint {
  if (talked === null) return leastPrice(terms);
  return priceOf(Math.min(nowMs, talked.endsAt.getTime()) - talked.answeredAt.getTime(), terms).price;
}
