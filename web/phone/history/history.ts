import { computed, signal } from '@preact/signals';
import type { Address } from '../../../protocol/types/address.ts';
import type { Direction, Outcome } from '../call/call-state.ts';
import type { CallView } from '../telephone/live-call.ts';
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
  bill: { price: string; verdict: 'waiting' | 'agreed' | 'tooLong' | 'tooDear' } | null;
};

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

export async function remember(view: CallView, price: bigint | null): Promise<void> {
  const { id, provider, direction, remote, startedAt, state } = view;
  if (state.kind !== 'over') return;
  const { outcome, answeredAt, endedAt } = state;
  const bill = price === null ? null : ({ price: String(price), verdict: 'waiting' } as const);
  await keep({
    id,
    provider,
    direction,
    peer: remote.user,
    startedAt,
    answeredAt,
    endedAt,
    outcome,
    isSeen: false,
    bill,
  });
}

/** What came of comparing it with the provider's record. */
export async function noteBill(id: string, bill: NonNullable<PastCall['bill']>): Promise<void> {
  const call = history.value.find((each) => each.id === id);
  if (call) await keep({ ...call, bill });
}

export async function seeAll(): Promise<void> {
  for (const call of missed.value) await keep({ ...call, isSeen: true });
}
