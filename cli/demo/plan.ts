import { priceOf, type Terms } from '../../protocol/call/price.ts';
import { type Datoshi, datoshi, parseGas } from '../../protocol/types/datoshi.ts';

/**
 * What the demo is about to do, as values: who reserves what with whom, and which calls are made. Parties by their
 * index.
 */
export type PlannedEscrow = {
  user: number;
  provider: number;
  amount: Datoshi;
  terms: Terms;
  maxParallel: number;
  withVoucher: boolean;
};

export type PlannedCall = {
  escrow: keyof typeof escrows;
  /** After the escrow was opened. */
  startMs: number;
  ringMs: number;
  /** null: nobody answered. */
  talkMs: number | null;
  twist?: 'duplicate' | 'conflict';
};

export const deposits: readonly Datoshi[] = ['3', '2', '1.5'].map(parseGas);
export const locations = ['sip.amsterdam.example', 'sip.berlin.example'] as const;

const terms = (ratePerSecond: bigint, feePerCall: bigint, increment: number): Terms => ({
  ratePerSecond: datoshi(ratePerSecond),
  feePerCall: datoshi(feePerCall),
  initialIncrement: increment,
  increment,
});

export const escrows = {
  plain: {
    user: 0,
    provider: 0,
    amount: parseGas('1'),
    terms: terms(1_500n, 1_000n, 6),
    maxParallel: 4,
    withVoucher: false,
  },
  secured: {
    user: 0,
    provider: 1,
    amount: parseGas('0.5'),
    terms: terms(2_000n, 0n, 30),
    maxParallel: 4,
    withVoucher: true,
  },
  minutes: {
    user: 1,
    provider: 0,
    amount: parseGas('1'),
    terms: terms(900n, 5_000n, 60),
    maxParallel: 4,
    withVoucher: true,
  },
  exact: {
    user: 2,
    provider: 1,
    amount: parseGas('0.25'),
    terms: terms(800n, 200n, 1),
    maxParallel: 4,
    withVoucher: false,
  },
  /** One call costs 15,000 datoshi by these terms, and only 10,000 are reserved; they are claimed once it has ended. */
  tooSmall: {
    user: 1,
    provider: 1,
    amount: parseGas('0.0001'),
    terms: terms(500n, 0n, 30),
    maxParallel: 1,
    withVoucher: false,
  },
} as const satisfies Record<string, PlannedEscrow>;

/** Twenty calls of 1 to 8 seconds. */
export const calls: readonly PlannedCall[] = [
  { escrow: 'plain', startMs: 100, ringMs: 400, talkMs: 5_200 },
  { escrow: 'plain', startMs: 200, ringMs: 600, talkMs: 8_000, twist: 'duplicate' },
  { escrow: 'plain', startMs: 300, ringMs: 300, talkMs: 1_000 },
  { escrow: 'plain', startMs: 500, ringMs: 500, talkMs: 7_400, twist: 'conflict' },
  { escrow: 'plain', startMs: 2_000, ringMs: 3_000, talkMs: null },
  { escrow: 'plain', startMs: 6_000, ringMs: 250, talkMs: 2_750 },
  { escrow: 'secured', startMs: 150, ringMs: 450, talkMs: 3_300 },
  { escrow: 'secured', startMs: 250, ringMs: 350, talkMs: 6_100 },
  { escrow: 'secured', startMs: 350, ringMs: 250, talkMs: 7_999 },
  { escrow: 'secured', startMs: 4_500, ringMs: 500, talkMs: 4_001 },
  { escrow: 'minutes', startMs: 120, ringMs: 280, talkMs: 1_800 },
  { escrow: 'minutes', startMs: 220, ringMs: 780, talkMs: 6_600 },
  { escrow: 'minutes', startMs: 420, ringMs: 580, talkMs: 4_400 },
  { escrow: 'minutes', startMs: 2_500, ringMs: 1_500, talkMs: null },
  { escrow: 'minutes', startMs: 3_000, ringMs: 500, talkMs: 5_000 },
  { escrow: 'exact', startMs: 130, ringMs: 370, talkMs: 1_001 },
  { escrow: 'exact', startMs: 230, ringMs: 270, talkMs: 2_000 },
  { escrow: 'exact', startMs: 1_800, ringMs: 200, talkMs: 6_999 },
  { escrow: 'exact', startMs: 2_600, ringMs: 400, talkMs: 3_500 },
  { escrow: 'tooSmall', startMs: 1_000, ringMs: 500, talkMs: 6_000 },
];

/** When the last call is over, after its escrow was opened. */
export const lastEndMs = Math.max(...calls.map(({ startMs, ringMs, talkMs }) => startMs + ringMs + (talkMs ?? 0)));

export type Expectation = {
  seconds: bigint;
  /** By the terms that the user agreed to. */
  price: Datoshi;
  /** What the provider gets of it. */
  paid: Datoshi;
  outcome: 'settled' | 'free' | 'capped';
};

/** What must come of a call, by the demo's own arithmetic. */
export function expectationOf({ escrow, talkMs }: PlannedCall): Expectation {
  const { amount, terms: agreed } = escrows[escrow];
  const { seconds, price } = priceOf(talkMs, agreed);
  if (price > amount) return { seconds, price, paid: amount, outcome: 'capped' }; // the only call of its escrow
  return { seconds, price, paid: price, outcome: talkMs === null ? 'free' : 'settled' };
}
