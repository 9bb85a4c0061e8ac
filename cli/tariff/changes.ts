import { compareDecks, type Effective, type PriceChange } from '../../protocol/call/deck-diff.ts';
import type { RateDeck } from '../../protocol/call/rate-deck.ts';
import { formatGas } from '../../protocol/types/datoshi.ts';
import { table } from '../print.ts';
import { visible } from './cells.ts';
import { inDecimals } from './decimal.ts';
import { SECONDS_PER_MINUTE } from './money.ts';
import { writePrefix } from './prefixes.ts';

/** In the order in which a person wants to know of them. */
const kinds = ['dearer', 'gone', 'mixed', 'cheaper', 'new', 'increments'] as const;
type Kind = (typeof kinds)[number];

const titles: Record<Kind, string> = {
  dearer: 'dearer',
  gone: 'gone: such a number can no longer be called',
  mixed: 'rate and fee moved against each other',
  cheaper: 'cheaper',
  new: 'new: such a number could not be called before',
  increments: 'other increments',
};

type Change = PriceChange & { description: string | null };

/** How many prefixes change and in what way, with the first ones of each. */
export type Changes = {
  counts: Record<Kind, number>;
  first: Record<Kind, Change[]>;
};

export function findChanges(before: RateDeck | null, after: RateDeck, show: number): Changes {
  const changes = compareDecks(before, after);
  const described = new Map<string, string>();
  for (const { prefix, description } of [...(before?.entries ?? []), ...after.entries])
    if (description) described.set(prefix, description);
  const of = (kind: Kind) => changes.filter((change) => isOf(change, kind));
  const each = <T>(value: (kind: Kind) => T) => Object.fromEntries(kinds.map((kind) => [kind, value(kind)]));
  return {
    counts: each((kind) => of(kind).length) as Changes['counts'],
    first: each((kind) =>
      of(kind)
        .slice(0, show)
        .map((change) => ({ ...change, description: described.get(change.prefix) ?? null })),
    ) as Changes['first'],
  };
}

/** A price that changed may have other increments as well: it counts for both. */
const isOf = ({ price, hasOtherIncrements }: PriceChange, kind: Kind): boolean =>
  kind === 'increments' ? hasOtherIncrements : price === kind;

export const countsInWords = ({ counts }: Changes): string => {
  const words = kinds.filter((kind) => counts[kind] > 0).map((kind) => `${counts[kind]} ${shortTitle(kind)}`);
  return words.join(', ') || 'no price changes';
};

const shortTitle = (kind: Kind): string => titles[kind].replace(/:.*/, '');

export function changeLines({ counts, first }: Changes): string[] {
  return kinds
    .filter((kind) => counts[kind] > 0)
    .flatMap((kind) => {
      const rest = counts[kind] - first[kind].length;
      const head = ['  prefix', 'description', 'before', 'after', 'change'];
      return [
        '',
        `${counts[kind]} ${titles[kind]}`,
        ...(first[kind].length === 0 ? [] : table(head, first[kind].map(rowOf), '')),
        ...(rest > 0 ? [`  … and ${rest} more: --show <n> shows more of each`] : []),
      ];
    });
}

const rowOf = ({ prefix, description, before, after }: Change): string[] => [
  `  ${writePrefix(prefix)}`,
  visible(description ?? ''),
  priceText(before, prefix),
  priceText(after, prefix),
  percentText(before, after),
];

/** A minute's price as a person compares it; the entry is named where it is that of a shorter prefix. */
function priceText(effective: Effective, prefix: string): string {
  if (effective === null) return '-';
  if (effective === 'free') return 'free';
  const { ratePerSecond, feePerCall, initialIncrement, increment } = effective.terms;
  const fee = feePerCall === 0n ? '' : ` + ${formatGas(feePerCall)} a call`;
  const by = effective.prefix === prefix ? '' : ` by ${writePrefix(effective.prefix)}`;
  return `${formatGas(ratePerSecond * SECONDS_PER_MINUTE)}/min${fee} ${initialIncrement}/${increment}${by}`;
}

function percentText(before: Effective, after: Effective): string {
  if (before === null || after === null || before === 'free' || after === 'free') return '';
  const [old, now] = [before.terms.ratePerSecond, after.terms.ratePerSecond];
  if (old === 0n || old === now) return '';
  const difference = now > old ? now - old : old - now;
  return `${now > old ? '+' : '-'}${inDecimals({ numerator: difference * 100n, denominator: old }, 1)} %`;
}
