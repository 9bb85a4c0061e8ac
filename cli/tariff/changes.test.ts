import { describe, expect, test } from 'vitest';
import type { RateDeck } from '../../protocol/call/rate-deck.ts';
import { createKey } from '../../protocol/sign/key.ts';
import { datoshi } from '../../protocol/types/datoshi.ts';
import { changeLines, countsInWords, findChanges } from './changes.ts';

const provider = createKey().address;
const deckOf = (...prices: [prefix: string, rate: bigint, fee?: bigint, description?: string][]): RateDeck => ({
  version: 1,
  provider,
  effectiveFrom: '2026-01-01T00:00:00.000Z',
  entries: prices.map(([prefix, rate, fee = 0n, description]) => ({
    prefix,
    ratePerSecond: datoshi(rate),
    feePerCall: datoshi(fee),
    initialIncrement: 60,
    increment: 60,
    ...(description && { description }),
  })),
});
const before = deckOf(['+31', 100_000n, 0n, 'Netherlands'], ['+32', 100_000n], ['+33', 100_000n], ['in:', 5n]);
const after = deckOf(['+31', 133_333n], ['+3120', 90_000n, 1n], ['+33', 100_000n], ['', 1n], ['neo:', 5n]);

describe('changes are told', () => {
  test('by kind, with the price of a minute before and after', () => {
    const lines = changeLines(findChanges(before, after, 10)).map((line) => line.replaceAll(/ {2,}/g, '  '));
    expect(lines).toEqual([
      '',
      '2 dearer',
      '  prefix  description  before  after  change',
      '  +31  Netherlands  0.06/min 60/60  0.0799998/min 60/60  +33.3 %',
      '  neo:  free  0.000003/min 60/60',
      '',
      '1 rate and fee moved against each other',
      '  prefix  description  before  after  change',
      '  +3120  0.06/min 60/60 by +31  0.054/min + 0.00000001 a call 60/60  -10.0 %',
      '',
      '2 cheaper',
      '  prefix  description  before  after  change',
      '  +32  0.06/min 60/60  0.0000006/min 60/60 by default  -99.9 %',
      '  in:  0.000003/min 60/60  free',
      '',
      '1 new: such a number could not be called before',
      '  prefix  description  before  after  change',
      '  default  -  0.0000006/min 60/60',
    ]);
  });

  test('in so many lines as are wanted, and in one', () => {
    const changes = findChanges(before, after, 1);
    expect(changeLines(changes)).toContain('  … and 1 more: --show <n> shows more of each');
    expect(countsInWords(changes)).toBe('2 dearer, 1 rate and fee moved against each other, 2 cheaper, 1 new');
    expect(countsInWords(findChanges(after, after, 1))).toBe('no price changes');
  });

  test('without what a stranger’s text would do to a terminal', () => {
    const lines = changeLines(findChanges(null, deckOf(['+31', 1n, 0n, 'a\u001b[2J\r\nb']), 1));
    expect(lines.at(-1)).toContain('a [2J  b');
  });
});
