import { datoshi } from '../../../protocol/types/datoshi.ts';
import { formatAmount } from '../../ui/format.ts';
import { t } from '../../ui/strings/strings.ts';
import type { ProvenDeck } from './core/deck.ts';
import type { Quote } from './core/quote.ts';

/** A price by the deck on the chain, and how it comes about. */
export function QuoteView({ quote, minutes, told }: { quote: Quote; minutes: number; told: bigint | null }) {
  const words = t.value.providers;
  if (quote.kind === 'free') return <p>{words.free}</p>;
  if (quote.kind === 'noTariff') return <p>{words.noTariff}</p>;
  if (quote.kind === 'unknown') return null;
  const { terms, price, entry } = quote;
  const parts = [
    words.perMinute(formatAmount(datoshi(terms.ratePerSecond * 60n))),
    ...(terms.feePerCall > 0n ? [words.feePerCall(formatAmount(terms.feePerCall))] : []),
    words.increments(terms.initialIncrement, terms.increment),
    entry === '' ? words.entryDefault : words.entry(entry),
  ];
  return (
    <div>
      <p class="purse-outcome">{words.priceFor(formatAmount(price), minutes)}</p>
      <p class="quiet">{parts.join(', ')}</p>
      {told !== null && told !== price && (
        <p class="purse-differs" role="alert">
          {words.priceLies(formatAmount(told), formatAmount(price))}
        </p>
      )}
      <p class="quiet purse-good">{words.checked}</p>
    </div>
  );
}

const short = (hash: string) => `${hash.slice(0, 10)}…`;

/** Where the deck comes from, or why there is none. */
export function DeckNote({ proven }: { proven: ProvenDeck }) {
  const words = t.value.providers;
  switch (proven.kind) {
    case 'deck':
      return <p class="quiet">{proven.from === 'service' ? words.fromService : words.fromProvider}</p>;
    case 'none':
      return <p class="quiet">{words.noDeck}</p>;
    case 'missing':
      return <p class="quiet">{words.deckMissing}</p>;
    case 'lies':
      return (
        <p class="purse-differs" role="alert">
          {words.deckLies(short(proven.told), short(proven.hash))}
        </p>
      );
    default:
      return proven satisfies never;
  }
}
