import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createKey } from '../protocol/sign/key.ts';
import { signVoucher } from '../protocol/sign/voucher.ts';
import { datoshi } from '../protocol/types/datoshi.ts';
import { busyTime, findOver } from '../settler/parallel.ts';
import { at, type Books, cdrOf, contract, createBooks, network, second, unanswered } from './harness/books.ts';
import { seededRandom } from './harness/random.ts';

let books: Books;
beforeAll(async () => {
  books = await createBooks();
});
afterAll(() => books.destroy());

const minute = 60 * second;
const between = (from: number, until: number) => ({
  startedAt: at(from * minute).toISOString(),
  answeredAt: at(from * minute).toISOString(),
  endedAt: at(until * minute).toISOString(),
});
const ids = async (...cdrs: unknown[]) => (await books.submit(...cdrs)).map(({ id }) => id);
const reasons = (all: (number | null)[]) => Promise.all(all.map(async (id) => (await books.ratingOf(id))?.reasonCode));

describe('more calls at a time than the user agreed to', () => {
  test('of two legs beside a maxParallel of 1, the later one is not paid, in whatever order they come', async () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const escrowId = await books.openEscrow({ maxParallel: 1 });
      const legs = await ids(cdrOf(books, escrowId, between(1, 3)), cdrOf(books, escrowId, between(2, 4)));
      for (const i of order) await books.rate(legs[i] ?? null);
      expect(await reasons(legs)).toEqual([null, 'overParallel']);
      expect(await books.ratingOf(legs[1])).toMatchObject({ state: 'rejected', price: 0n });
    }
  });

  test('one that is claimed stays, and the earlier one that comes to light is not paid', async () => {
    const escrowId = await books.openEscrow({ maxParallel: 1 });
    const [earlier, later] = await ids(cdrOf(books, escrowId, between(1, 3)), cdrOf(books, escrowId, between(2, 4)));
    await books.rate(later ?? null);
    await claim(later);
    await books.rate(earlier ?? null);
    expect(await reasons([earlier ?? 0, later ?? 0])).toEqual(['overParallel', null]);
  });

  test('calls of other escrows, unanswered ones, and one that ends in the second of the next one do not count', async () => {
    const [escrowId, other] = [await books.openEscrow({ maxParallel: 1 }), await books.openEscrow({ maxParallel: 1 })];
    const calls = await ids(
      cdrOf(books, escrowId, { ...between(1, 3), endedAt: at(3 * minute + second).toISOString() }),
      cdrOf(books, escrowId, between(3, 4)),
      cdrOf(books, other, between(1, 4)),
      cdrOf(books, escrowId, { ...between(1, 4), ...unanswered }),
    );
    await books.rate(...calls);
    expect(await reasons(calls)).toEqual([null, null, null, null]);
  });

  test('what was rejected so can be corrected, and is looked at anew', async () => {
    const escrowId = await books.openEscrow({ maxParallel: 1 });
    const wrong = cdrOf(books, escrowId, between(2, 4));
    const [first, second] = await ids(cdrOf(books, escrowId, between(1, 3)), wrong);
    await books.rate(first ?? null, second ?? null);
    const [right] = await ids({ ...wrong, ...between(3, 4), corrects: second });
    await books.rate(right ?? null);
    expect(await books.ratingOf(right)).toMatchObject({ state: 'rated', reasonCode: null });
    expect((await books.ratingOf(second))?.state).toBe('superseded');
  });

  test('while many settlers rate at once, no more are payable than there are lines', async () => {
    const escrowId = await books.openEscrow({ maxParallel: 3 });
    const calls = await ids(...Array.from({ length: 60 }, () => cdrOf(books, escrowId, between(1, 2))));
    await Promise.all(
      Array.from({ length: 6 }, (_, i) => books.rate(...calls.filter((_, n) => n % 6 === i || n % 5 === i))),
    );
    expect((await reasons(calls)).filter((reason) => reason === null)).toHaveLength(3);
  });

  test('a call that another settler is claiming at this moment is not rejected, and nothing is stored until that is known', async () => {
    const escrowId = await books.openEscrow({ maxParallel: 1 });
    const [earlier, later] = await ids(cdrOf(books, escrowId, between(1, 3)), cdrOf(books, escrowId, between(2, 4)));
    await books.rate(later ?? null);
    let rating: Promise<number> | undefined;
    await books.db.transaction().execute(async (tx) => {
      await claim(later, tx);
      rating = books.rate(earlier ?? null); // it sees the later one unclaimed, and waits for its row
      await waitForLock();
    });
    expect(await rating).toBe(0);
    expect(await books.ratingOf(earlier)).toBeUndefined();
    expect(await books.rate(earlier ?? null)).toBe(1);
    expect(await reasons([earlier ?? 0, later ?? 0])).toEqual(['overParallel', null]);
  });

  test('in an escrow of 100,000 calls, the index finds those that were under way', async () => {
    const escrowId = await books.openEscrow({ maxParallel: 2 });
    const every10Seconds = (from: number, count: number, ms: number) =>
      Array.from({ length: count }, (_, i) => {
        const [begin, end] = [at((from + i * 10) * second), at((from + i * 10) * second + ms)].map((time) =>
          time.toISOString(),
        );
        return cdrOf(books, escrowId, { startedAt: begin, answeredAt: begin, endedAt: end });
      });
    // before the others: the API takes no more of an escrow of which so many wait
    const calls = await ids(...every10Seconds(0, 100, 1_500));
    const longer = await ids(...every10Seconds(1_000, 200, 9_500));
    await sql`
      with made as (
        insert into cdrs (provider, call_id, escrow_id, "user", direction, "from", "to", started_at, answered_at, ended_at,
          disposition, sip_status, content_hash, salt)
        select ${books.provider}, 'many-' || n, ${escrowId}, ${books.user}, 'outbound', '1', '2', t, t, t + interval '20 ms',
          'answered', 200, '\\x00', decode(md5(n::text), 'hex')
        from generate_series(1, 100000) as n cross join lateral (select ${at(0)}::timestamptz + n * interval '30 ms' as t) as times
        returning id, answered_at, ended_at)
      insert into ratings (cdr_id, escrow_id, state, billable_seconds, price, busy_from, busy_until)
      select id, ${escrowId}, 'rated', 1, 1, answered_at, ended_at from made`.execute(books.db);
    const begun = performance.now();
    expect(await books.rate(...calls)).toBe(100);
    // 0.1 s here; without the index it takes 10 s
    expect(performance.now() - begun).toBeLessThan(3_000);
    // beside 57,000: more than are looked at together
    expect(await books.rate(...longer)).toBe(200);
    expect((await reasons([...calls, ...longer])).every((reason) => reason === null)).toBe(true);
  }, 60_000);

  test.each([1, 2, 3, 4, 5, 6])('whatever is rated together and in whatever order: seed %i', async (seed) => {
    const { upTo } = seededRandom(seed, 'parallel');
    const maxParallel = 1 + upTo(4);
    const escrowId = await books.openEscrow({ maxParallel });
    const cdrs = Array.from({ length: 60 }, (_, n) => {
      const from = upTo(120);
      return cdrOf(books, escrowId, { callId: `${seed}-${n}`, ...between(from / 10, from / 10 + 1 + upTo(15) / 10) });
    });
    const all = await ids(...cdrs);
    const busy = cdrs.map(({ callId, answeredAt, endedAt }, i) => {
      const [answered, ended] = [new Date(String(answeredAt)), new Date(String(endedAt))];
      return { cdrId: BigInt(all[i] ?? 0), callId, ...busyTime(answered, ended) };
    });
    const { over } = findOver(maxParallel, busy, []);
    const waiting = [...all];
    while (waiting.length > 0) {
      const some = Array.from({ length: 1 + upTo(20) }, () => waiting.splice(upTo(waiting.length), 1)[0] ?? null);
      await books.rate(...some);
    }
    expect(await reasons(all)).toEqual(all.map((id) => (over.has(BigInt(id ?? 0)) ? 'overParallel' : null)));
    expect(over.size).toBeGreaterThan(0);
  });
});

test('a valid voucher is kept, whatever becomes of the CDR that brought it', async () => {
  const key = createKey();
  const escrowId = await books.openEscrow({ voucherKey: key.publicKey });
  const { total, signature } = await signVoucher(key, { network, contract, escrowId }, datoshi(77n));
  const voucher = { total: String(total), signature: Buffer.from(signature).toString('hex') };
  const [id] = await ids(cdrOf(books, escrowId, { voucher, sipStatus: 487 }));
  await books.rate(id ?? null);
  const row = await books.db
    .selectFrom('ratings')
    .selectAll()
    .where('cdrId', '=', BigInt(id ?? 0))
    .executeTakeFirst();
  expect(row).toMatchObject({ state: 'rejected', reasonCode: 'contradictoryStatus', voucherTotal: 77n });
});

test('where a clock may be to blame, the provider is told by how much', async () => {
  const escrowId = await books.openEscrow();
  const [early, off] = await ids(cdrOf(books, escrowId, between(-1, 1)), cdrOf(books, escrowId, between(-60, 1)));
  await books.rate(early ?? null, off ?? null);
  const told = async (id: number | null | undefined) =>
    (
      await books.db
        .selectFrom('ratings')
        .select('reason')
        .where('cdrId', '=', BigInt(id ?? 0))
        .executeTakeFirst()
    )?.reason;
  expect(await told(early)).toMatch(/only 55\.000 s off: the clock of your proxy may be wrong$/);
  expect(await told(off)).not.toContain('clock');
});

/** As `seal` does it. */
async function claim(id: number | null | undefined, db: Pick<Books['db'], 'insertInto' | 'updateTable'> = books.db) {
  const txHash = `0x${randomBytes(32).toString('hex')}` as never;
  const transaction = {
    hash: txHash,
    kind: 'settle',
    state: 'sealed',
    bytes: Buffer.of(0),
    validUntilBlock: 1,
  } as const;
  await db
    .insertInto('transactions')
    .values({ ...transaction, systemFee: 0n, networkFee: 0n })
    .execute();
  const { id: claimId } = await db
    .insertInto('claims')
    .values({
      escrowId: BigInt(id ?? 0),
      seq: 0n,
      txHash,
      state: 'sealed',
      amount: 1n,
      seconds: 1n,
      calls: 1n,
      cdrRoot: '0x',
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await db
    .updateTable('ratings')
    .set({ state: 'claimed', claimId, amount: 1n })
    .where('cdrId', '=', BigInt(id ?? 0))
    .execute();
}

/** Until somebody in this database waits for another one's row. */
async function waitForLock() {
  for (let tries = 0; tries < 200; tries += 1) {
    const { rows } = await sql`select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`.execute(books.db);
    if (rows.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('nobody waits for a lock');
}
