import type { Datoshi } from '../types/datoshi.ts';

/** How an amount compares with what the call costs. */
export const matches = ['match', 'short', 'missing'] as const;
export type Match = (typeof matches)[number];

export type Compared = { amount: Datoshi; match: Match };

/** What a call costs, what its user has signed for, and what was claimed for it, side by side. */
export type Comparison = {
  call: Datoshi;
  /** Null where the escrow asks for no voucher. */
  voucher: Compared | null;
  claim: Compared;
};

export type ComparedCall = {
  price: Datoshi;
  /** What is claimed for the call; null where no claim holds it. */
  claimed: Datoshi | null;
  /**
   * What the highest voucher leaves for the call, once all that comes before it is paid: below zero where it does not
   * even cover that. Null where the escrow asks for no voucher.
   */
  signed: bigint | null;
};

export function compareCall({ price, claimed, signed }: ComparedCall): Comparison {
  return {
    call: price,
    voucher: signed === null ? null : compare(within(signed, price), price),
    claim: compare(claimed ?? (0n as Datoshi), price),
  };
}

function compare(amount: Datoshi, price: Datoshi): Compared {
  if (amount >= price) return { amount, match: 'match' };
  return { amount, match: amount > 0n ? 'short' : 'missing' };
}

function within(signed: bigint, price: Datoshi): Datoshi {
  if (signed <= 0n) return 0n as Datoshi;
  return signed < price ? (signed as Datoshi) : price;
}
