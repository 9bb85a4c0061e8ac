import { computed, signal } from '@preact/signals';
import type { Terms } from '../../../protocol/call/price.ts';
import type { Address } from '../../../protocol/types/address.ts';
import type { Direction, Outcome } from '../call/call-state.ts';
import type { Store } from '../telephone/store.ts';

/** A call that is over, as it is kept. Amounts are texts of datoshi. */
export type PastCall = {
  id: string;
  provider: Address;
  direction: Direction;
  peer: string;
  startedAt: number;
  answeredAt: number | null;
  endedAt: number;
  outcome: Outcome;
  isSeen: boolean;
  /** Null: it cost nothing. */
  bill: Bill | null;
};

/** `terms`: by which the provider's record is looked at, now or when the page is there again. */
type Bill = { price: string; verdict: 'waiting' | 'agreed' | 'tooLong' | 'tooDear'; terms?: Terms | undefined };

/** What was talked. Null: it was never answered. */
export const secondsOf = ({ answeredAt, endedAt }: PastCall): number | null =>
  answeredAt === null ? null : Math.ceil((endedAt - answeredAt) / 1000);

/** Its provider's record is more than what was talked here. */
export const isTooMuch = (bill: Bill): boolean => bill.verdict === 'tooLong' || bill.verdict === 'tooDear';

export const history = signal<readonly PastCall[]>([]);
export const missed = computed(() =>
  history.value.filter(({ outcome, isSeen }) => outcome.kind === 'missed' && !isSeen),
);

/** More than anybody looks through. */
const MAX_CALLS = 5_000;

let store: Store | null = null;

export async function openHistory(opened: Store): Promise<void> {
  store = opened;
  const all = (await opened.all<PastCall>('history')).toSorted((a, b) => b.startedAt - a.startedAt);
  history.value = all.slice(0, MAX_CALLS);
  for (const { id } of all.slice(MAX_CALLS)) await opened.delete('history', id);
}

async function keep(call: PastCall): Promise<void> {
  history.value = [call, ...history.value.filter(({ id }) => id !== call.id)].toSorted(
    (a, b) => b.startedAt - a.startedAt,
  );
  await store?.put('history', call.id, call);
}

/** `owes`: what it comes to by our own count. Null: it cost nothing. */
export async function remember(
  call: Omit<PastCall, 'isSeen' | 'bill'>,
  owes: { price: bigint; terms: Terms } | null,
): Promise<void> {
  const bill = owes && ({ price: String(owes.price), verdict: 'waiting', terms: owes.terms } as const);
  await keep({ ...call, isSeen: false, bill });
}

/** What came of comparing it with the provider's record. */
export async function noteBill(id: string, bill: Bill): Promise<void> {
  const call = history.value.find((each) => each.id === id);
  if (call) await keep({ ...call, bill });
}

export async function seeAll(): Promise<void> {
  for (const call of missed.value) await keep({ ...call, isSeen: true });
}
