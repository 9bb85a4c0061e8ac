import { priceOf, type Terms } from '../../protocol/call/price.ts';
import { type Datoshi, datoshi, parseGas } from '../../protocol/types/datoshi.ts';

/**
 * What the demo is about to do, as values: what the providers' decks say, who reserves what with whom, and which calls
 * are made. Parties by their index.
 */

const terms = (
  ratePerSecond: bigint,
  feePerCall: bigint,
  [initialIncrement, increment]: [number, number] = [1, 1],
): Terms => ({
  ratePerSecond: datoshi(ratePerSecond),
  feePerCall: datoshi(feePerCall),
  initialIncrement,
  increment,
});

export const places = {
  Amsterdam: '+31205550100',
  Hamburg: '+49405550120',
  London: '+442075550140',
  satellite: '+881612345678',
} as const;
export type Place = keyof typeof places;

/** The rate decks: two providers at home in different cities. */
export const providers = [
  {
    location: 'sip.amsterdam.example',
    deck: {
      '+31': terms(900n, 0n),
      '+3120': terms(600n, 0n),
      '+49': terms(1_500n, 1_000n, [6, 6]),
      '+44': terms(1_200n, 0n, [30, 6]),
      '+8816': terms(90_000n, 50_000n, [60, 60]),
    },
    /** The entry that prices each place, found by a person. */
    entryFor: { Amsterdam: '+3120', Hamburg: '+49', London: '+44', satellite: '+8816' },
  },
  {
    location: 'sip.hamburg.example',
    deck: {
      '+31': terms(1_400n, 0n, [6, 6]),
      '+49': terms(800n, 200n),
      '+44': terms(2_000n, 0n),
    },
    entryFor: { Amsterdam: '+31', Hamburg: '+49', London: '+44', satellite: null },
  },
] as const satisfies readonly {
  location: string;
  deck: Record<string, Terms>;
  entryFor: Record<Place, string | null>;
}[];

export function termsFor(provider: number, place: Place): { entry: string; terms: Terms } | null {
  const planned = providers[provider] as (typeof providers)[number];
  const entry = planned.entryFor[place];
  if (entry === null) return null;
  return { entry, terms: (planned.deck as Record<string, Terms>)[entry] as Terms };
}

export type PlannedEscrow = {
  user: number;
  provider: number;
  amount: Datoshi;
  /** The most that a call's price may be made of. */
  agreed: Terms;
  maxParallel: number;
  withVoucher: boolean;
};

export const deposits: readonly Datoshi[] = ['3', '2', '1.5'].map(parseGas);

/** What anybody would agree to for a call on the ground. */
const agreed = terms(2_000n, 1_000n, [60, 60]);

export const escrows = {
  plain: { user: 0, provider: 0, amount: parseGas('1'), agreed, maxParallel: 8, withVoucher: false },
  secured: { user: 0, provider: 1, amount: parseGas('0.5'), agreed, maxParallel: 8, withVoucher: true },
  minutes: { user: 1, provider: 0, amount: parseGas('1'), agreed, maxParallel: 8, withVoucher: true },
  /** Given back at the end: its provider closes it. */
  closed: { user: 2, provider: 1, amount: parseGas('0.25'), agreed, maxParallel: 8, withVoucher: false },
  /** Enough for six seconds to London. */
  small: { user: 1, provider: 1, amount: datoshi(12_345n), agreed, maxParallel: 1, withVoucher: false },
} as const satisfies Record<string, PlannedEscrow>;

export type PlannedCall = {
  escrow: keyof typeof escrows;
  to: Place;
  /** After the escrows were opened. */
  startMs: number;
  ringMs: number;
  /** How long they want to talk; null: nobody answers. */
  talkMs: number | null;
  /** What becomes of the call itself, where it is not simply made. */
  refusal?: 'overAgreedTerms';
  cutAfterS?: number;
  /** What is done with its record. */
  twist?: 'duplicate' | 'conflict';
};

/** Twenty calls of 1 to 9 seconds. */
export const calls: readonly PlannedCall[] = [
  { escrow: 'plain', to: 'Amsterdam', startMs: 100, ringMs: 400, talkMs: 5_200 },
  { escrow: 'plain', to: 'Hamburg', startMs: 200, ringMs: 600, talkMs: 8_000, twist: 'duplicate' },
  { escrow: 'plain', to: 'London', startMs: 300, ringMs: 300, talkMs: 1_000 },
  { escrow: 'plain', to: 'Hamburg', startMs: 500, ringMs: 500, talkMs: 7_400, twist: 'conflict' },
  { escrow: 'plain', to: 'Amsterdam', startMs: 2_000, ringMs: 3_000, talkMs: null },
  { escrow: 'plain', to: 'satellite', startMs: 3_000, ringMs: 0, talkMs: 1_000, refusal: 'overAgreedTerms' },
  { escrow: 'plain', to: 'Amsterdam', startMs: 6_000, ringMs: 250, talkMs: 2_750 },
  { escrow: 'secured', to: 'Hamburg', startMs: 150, ringMs: 450, talkMs: 3_300 },
  { escrow: 'secured', to: 'Amsterdam', startMs: 250, ringMs: 350, talkMs: 6_100 },
  { escrow: 'secured', to: 'Hamburg', startMs: 350, ringMs: 250, talkMs: 7_999 },
  { escrow: 'secured', to: 'London', startMs: 4_500, ringMs: 500, talkMs: 4_001 },
  { escrow: 'minutes', to: 'London', startMs: 120, ringMs: 280, talkMs: 1_800 },
  { escrow: 'minutes', to: 'Hamburg', startMs: 220, ringMs: 780, talkMs: 6_600 },
  { escrow: 'minutes', to: 'Amsterdam', startMs: 2_500, ringMs: 1_500, talkMs: null },
  { escrow: 'minutes', to: 'Amsterdam', startMs: 3_000, ringMs: 500, talkMs: 5_000 },
  { escrow: 'closed', to: 'Hamburg', startMs: 130, ringMs: 370, talkMs: 1_001 },
  { escrow: 'closed', to: 'London', startMs: 230, ringMs: 270, talkMs: 2_000 },
  { escrow: 'closed', to: 'Amsterdam', startMs: 1_800, ringMs: 200, talkMs: 6_999 },
  { escrow: 'closed', to: 'Hamburg', startMs: 2_600, ringMs: 400, talkMs: 3_500 },
  { escrow: 'small', to: 'London', startMs: 1_000, ringMs: 500, talkMs: 9_000, cutAfterS: 6 },
];

export type Expectation = {
  entry: string | null;
  talkedMs: number | null;
  seconds: bigint;
  price: Datoshi;
  outcome: 'settled' | 'free' | 'refused';
};

/** What must come of a call, by the demo's own arithmetic. */
export function expectationOf({ escrow, to, talkMs, refusal, cutAfterS }: PlannedCall): Expectation {
  const priced = termsFor(escrows[escrow].provider, to);
  if (refusal !== undefined || priced === null)
    return { entry: null, talkedMs: null, seconds: 0n, price: datoshi(0n), outcome: 'refused' };
  const talkedMs = talkMs !== null && cutAfterS !== undefined ? cutAfterS * 1000 : talkMs;
  const { seconds, price } = priceOf(talkedMs, priced.terms);
  return { entry: priced.entry, talkedMs, seconds, price, outcome: talkMs === null ? 'free' : 'settled' };
}
