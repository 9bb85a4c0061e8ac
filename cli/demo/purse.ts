import { bytesToHex } from '@noble/hashes/utils.js';
import { priceOf, type Terms } from '../../protocol/call/price.ts';
import { signVoucher } from '../../protocol/sign/voucher.ts';
import { datoshi } from '../../protocol/types/datoshi.ts';
import type { Chain } from '../connect.ts';
import type { OpenedEscrow } from './cast.ts';

export type TalkedCall = { answeredAt: Date; endsAt: Date; terms: Terms };

/** What a user's softphone knows of an escrow's calls: it signs for what was talked, and for nothing else. */
export type Purse = {
  add(call: TalkedCall): void;
  /** For all calls as far as they were talked until now; null where the escrow asks for no voucher. */
  sign(): Promise<{ total: string; signature: string } | null>;
};

export function createPurse({ network, contract }: Chain, { id, voucherKey }: OpenedEscrow): Purse {
  const calls: TalkedCall[] = [];
  return {
    add: (call) => void calls.push(call),
    sign: async () => {
      if (!voucherKey) return null;
      const costs = calls.map((call) => costUntil(Date.now(), call));
      const total = datoshi(costs.reduce((sum, cost) => sum + cost, 0n));
      const voucher = await signVoucher(voucherKey, { network, contract, escrowId: id }, total);
      return { total: voucher.total.toString(), signature: bytesToHex(voucher.signature) };
    },
  };
}

function costUntil(nowMs: number, { answeredAt, endsAt, terms }: TalkedCall): bigint {
  return priceOf(Math.min(nowMs, endsAt.getTime()) - answeredAt.getTime(), terms).price;
}
