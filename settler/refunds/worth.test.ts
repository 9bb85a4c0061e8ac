import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Address } from '../../protocol/types/address.ts';
import { datoshi } from '../../protocol/types/datoshi.ts';
import type { Refund } from './find.ts';
import { worthRefunding } from './worth.ts';

const refunds = (...rests: bigint[]): Refund[] =>
  rests.map((rest, i) => ({ escrowId: BigInt(i + 1), user: 'user' as Address, rest: datoshi(rest) }));
const idsOf = (some: readonly Refund[]) => some.map(({ escrowId }) => Number(escrowId));

test.each<[string, bigint[], bigint, number, number[]]>([
  ['as many fees as are asked for', [200n], 20n, 10, [1]],
  ['a datoshi less', [199n], 20n, 10, []],
  ['each pays its share of the cost of all', [200n, 199n, 1n], 60n, 10, [1]],
  ['a share that is no whole number is not rounded in favour of spending', [34n, 33n, 33n], 100n, 1, [1]],
  ['everything, where no fee is asked for', [1n, 2n], 60n, 0, [1, 2]],
])('%s', (_name, rests, cost, minFees, expected) => {
  expect(idsOf(worthRefunding(refunds(...rests), cost, minFees))).toEqual(expected);
});

test('where one is not worth it, none with a smaller rest is', () => {
  const rest = fc.bigInt({ min: 1n, max: 2n ** 63n - 1n });
  fc.assert(
    fc.property(
      fc.array(rest, { minLength: 1, maxLength: 64 }),
      fc.bigInt({ min: 1n, max: 10n ** 12n }),
      fc.nat(1_000_000),
      (rests, cost, minFees) => {
        const all = refunds(...rests);
        const worth = worthRefunding(all, cost, minFees);
        const left = all.filter((each) => !worth.includes(each));
        for (const a of worth) for (const b of left) expect(a.rest > b.rest).toBe(true);
        const total = worth.reduce((sum, each) => sum + each.rest, 0n);
        expect(total * BigInt(all.length) >= cost * BigInt(minFees) * BigInt(worth.length)).toBe(true);
      },
    ),
  );
});
