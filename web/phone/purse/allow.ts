import { activity, show, untilQuiet } from '../../purse/activity.ts';
import { readStatement } from '../../purse/core/delegate.ts';
import { type Refusal, refused } from '../../purse/core/refusal.ts';

/** Shows what the statement says, read from its bytes. Null: its person says yes. */
export async function askToAllow(statement: Uint8Array): Promise<Refusal | null> {
  const allowed = readStatement(statement);
  if (!allowed) return refused('unsafe', { fault: 'unreadable' });
  await untilQuiet(); // a phone registers by itself, while its person still reads what became of their transaction
  const yes = await new Promise<boolean>((answer) => {
    show({ step: 'allowing', allowed, answer });
  });
  if (activity.peek()?.step === 'allowing') activity.value = null;
  return yes ? null : refused('declined', {});
}
