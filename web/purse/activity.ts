import { effect, signal } from '@preact/signals';
import type { NodeUnavailable, WrongNode } from '../../chain/errors.ts';
import type { Allowed } from './core/delegate.ts';
import type { Entry } from './core/journal.ts';
import type { Refusal } from './core/refusal.ts';
import type { Statement } from './core/statement.ts';

/**
 * What a person is shown from the wish to the block.
 *
 * ```mermaid
 * stateDiagram-v2
 *   [*] --> preparing
 *   preparing --> asking: it would work
 *   preparing --> refused
 *   asking --> signing: yes
 *   asking --> [*]: no
 *   signing --> refused
 *   signing --> waiting: sent
 *   waiting --> ended: in a block, or never
 * ```
 */
export type Activity =
  | { step: 'preparing' }
  /** A delegation, read from the bytes that the wallet signs. */
  | { step: 'allowing'; allowed: Allowed; answer: (yes: boolean) => void }
  | { step: 'asking'; statement: Statement; answer: (yes: boolean) => void }
  | { step: 'signing'; statement: Statement }
  | { step: 'waiting'; statement: Statement; entry: Entry; trouble: NodeUnavailable | WrongNode | null }
  | { step: 'ended'; statement: Statement; entry: Entry }
  | { step: 'refused'; refusal: Refusal };

/** One at a time: the sheet is above everything. Null: nothing is asked. */
export const activity = signal<Activity | null>(null);

/** Shows the next step. What was asked before and not answered is answered with no: nobody can see it any more. */
export function show(next: Activity | null): void {
  const before = activity.peek();
  activity.value = next;
  if (before?.step === 'asking' || before?.step === 'allowing') before.answer(false);
}

/** Waits until nothing is asked or told: what nobody has asked for must not cover what a person is reading. */
export async function untilQuiet(): Promise<void> {
  while (activity.peek() !== null) {
    const quiet = Promise.withResolvers<void>();
    const end = effect(() => {
      if (activity.value === null) quiet.resolve();
    });
    await quiet.promise;
    end();
  }
}
