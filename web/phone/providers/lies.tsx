import { t } from '../../ui/strings/strings.ts';
import type { ProviderLie } from './core/facts.ts';

/** What the service says of a provider otherwise than the chain. */
export function Lies({ lies }: { lies: readonly ProviderLie[] }) {
  if (lies.length === 0) return null;
  const { differs } = t.value.purse;
  const words = t.value.providers;
  return (
    <div class="purse-differs" role="alert">
      {lies.map(({ what, told, chain }) => (
        <p key={what}>{differs.line(words.lie[what], told || words.nothing, chain || words.nothing)}</p>
      ))}
      <p>{differs.believe}</p>
    </div>
  );
}
