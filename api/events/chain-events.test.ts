import fc from 'fast-check';
import { expect, test } from 'vitest';
import { beginOf, formatChainId, parseChainId } from './chain-events.ts';

const height = fc.integer({ min: 0, max: 2_000_000_000 });

test('an id is read as it was written, and ids are in the order of the chain', () => {
  const place = fc.record({ height, position: fc.option(fc.integer({ min: 0, max: 1_000_000 })) });
  const textOf = ({ height, position }: { height: number; position: number | null }) =>
    position === null ? `${height}` : `${height}.${position}`;
  fc.assert(
    fc.property(place, place, fc.bigInt({ min: 0n, max: 1_000n }), (one, other, rollback) => {
      const [a, b] = [parseChainId(textOf(one)), parseChainId(textOf(other))];
      if (!a || !b) throw new Error('an id is not read');
      expect(formatChainId(a.key, 0n)).toBe(textOf(one));
      expect(parseChainId(formatChainId(a.key, rollback))).toEqual({ key: a.key, rollback });
      const byHand = one.height - other.height || (one.position ?? -1) - (other.position ?? -1);
      expect(Number(a.key - b.key > 0n) - Number(a.key - b.key < 0n)).toBe(Math.sign(byHand));
    }),
  );
});

test("a block's beginning is before its first event and behind the block before", () => {
  expect(parseChainId('7')?.key).toBe(beginOf(7));
  expect(formatChainId(beginOf(7), 3n)).toBe('7-3');
});

test.each(['', 'x', '1.', '1.2.3', '-1', '1-', '99999999999', '2147483648', '1.2147483647', '1.2-x', ' 1'])(
  '%j is no id',
  (id) => expect(parseChainId(id)).toBeNull(),
);
