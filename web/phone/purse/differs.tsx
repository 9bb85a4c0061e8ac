import { type Signal, signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { checkService, type Difference } from '../../purse/core/differences.ts';
import { onlySilence } from '../../purse/core/silence.ts';
import { formatAmount } from '../../ui/format.ts';
import { t } from '../../ui/strings/strings.ts';
import type { Current } from './current.ts';

/** Of each purse: what its service says otherwise than the chain. */
const found = new WeakMap<Current, Signal<readonly Difference[]>>();

function differencesOf(current: Current): Signal<readonly Difference[]> {
  const known = found.get(current) ?? signal([]);
  found.set(current, known);
  return known;
}

/** Held against each other once a minute, and whenever another page of the purse is shown. */
const CHECK_MS = 60_000;

/** A service that says something else than the chain is named; it changes nothing in what is shown. */
export function Differs({ current }: { current: Current }) {
  const differences = differencesOf(current);
  useEffect(() => {
    const check = async () => {
      if (!current.client) return;
      try {
        differences.value = await checkService(current.purse.chain, current.client, current.identity.address);
      } catch (error) {
        onlySilence(error);
      }
    };
    void check();
    const timer = setInterval(check, CHECK_MS);
    return () => clearInterval(timer);
  }, [current, differences]);
  const words = t.value.purse.differs;
  if (differences.value.length === 0) return null;
  return (
    <div class="purse-differs" role="alert">
      <strong>{words.title}</strong>
      <ul>
        {differences.value.map((difference) => (
          <li key={lineOf(difference)}>{lineOf(difference)}</li>
        ))}
      </ul>
      <p>{words.believe}</p>
    </div>
  );
}

function lineOf(difference: Difference): string {
  const words = t.value.purse.differs;
  const list = (texts: readonly string[]) => texts.join(', ') || words.none;
  switch (difference.what) {
    case 'balance':
      return words.line(words.balance, formatAmount(difference.told), formatAmount(difference.chain));
    case 'escrow':
      return words.line(
        words.escrow(String(difference.id)),
        formatAmount(difference.told),
        formatAmount(difference.chain),
      );
    case 'escrows':
    case 'registrations':
      return words.line(words[difference.what], list(difference.told), list(difference.chain));
    default:
      return difference satisfies never;
  }
}
