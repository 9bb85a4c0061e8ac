import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MAX_CORRECTIONS } from '../api/cdrs/judge.ts';
import { findCdrs, readCdr } from '../api/cdrs/read.ts';
import { type Books, cdrOf, createBooks, unanswered } from './harness/books.ts';

let books: Books;
let escrowId: bigint;
beforeAll(async () => {
  books = await createBooks();
  escrowId = await books.openEscrow();
});
afterAll(() => books.destroy());

/** Submits and rates. */
async function made(cdr: unknown) {
  const [verdict] = await books.submit(cdr);
  await books.rate(verdict?.id ?? null);
  return verdict;
}
const never = 999_999;
const read = (id: number | null | undefined) => readCdr(books.api, id ?? 0, books.provider);

describe('a CDR that will never be paid is corrected', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['after unknownEscrow', { escrowId: never }, 'rejected'],
    ['of a busy branch, before the answered one', unanswered, 'rated'],
    ['answered with 487', { sipStatus: 487 }, 'rejected'],
  ])('%s', async (_, wrong, state) => {
    const right = cdrOf(books, escrowId);
    const first = await made({ ...right, ...wrong });
    expect(await books.ratingOf(first?.id)).toMatchObject({ state, price: 0n });

    const corrected = { ...right, corrects: first?.id };
    const [second] = await books.submit(corrected);
    expect(second).toEqual({
      callId: right.callId,
      id: second?.id,
      verdict: 'accepted',
      state: 'received',
      reason: null,
    });
    expect(second?.id).not.toBe(first?.id);
    // the parties see it at once, whatever the settler has seen
    expect(await read(first?.id)).toMatchObject({
      state: 'superseded',
      corrects: null,
      supersededBy: second?.id,
      ...wrong,
    });
    await books.rate(second?.id ?? null);
    expect(await books.ratingOf(first?.id)).toMatchObject({ state: 'superseded', price: 0n });
    expect(await books.ratingOf(second?.id)).toEqual({ state: 'rated', reasonCode: null, price: 605n });
    expect(await read(second?.id)).toMatchObject({ state: 'rated', corrects: first?.id, supersededBy: null });
    const listed = await findCdrs(books.api, books.provider, { callId: right.callId }, { limit: 9, before: undefined });
    expect(listed.map(({ id }) => id)).toEqual([second?.id, first?.id]);

    // both, sent again
    const [again, correctedAgain] = await books.submit({ ...right, ...wrong }, corrected);
    expect(again).toMatchObject({ id: first?.id, verdict: 'duplicate', state: 'superseded' });
    expect(correctedAgain).toMatchObject({ id: second?.id, verdict: 'duplicate', state: 'rated' });
  });

  test('and so is its correction, of which only the newest counts', async () => {
    const right = cdrOf(books, escrowId);
    const first = await made({ ...right, escrowId: never });
    const second = await made({ ...right, escrowId: never + 1, corrects: first?.id });
    expect(await books.submit({ ...right, escrowId: never + 2, corrects: first?.id })).toMatchObject([
      {
        verdict: 'conflict',
        id: second?.id,
        reason: `CDR ${first?.id} was corrected already; the newest is CDR ${second?.id}`,
      },
    ]);
    const third = await made({ ...right, corrects: second?.id });
    expect(third?.verdict).toBe('accepted');
    const states = await Promise.all([first, second, third].map((each) => books.ratingOf(each?.id)));
    expect(states.map((each) => each?.state)).toEqual(['superseded', 'superseded', 'rated']);
  });

  test('a bounded number of times', async () => {
    const right = cdrOf(books, escrowId);
    let newest = await made({ ...right, escrowId: never });
    for (let i = 0; i < MAX_CORRECTIONS; i += 1)
      newest = await made({ ...right, escrowId: never + i, corrects: newest?.id });
    expect(newest?.verdict).toBe('accepted');
    expect(await made({ ...right, corrects: newest?.id })).toMatchObject({
      verdict: 'conflict',
      reason: `a call is corrected ${MAX_CORRECTIONS} times at most`,
    });
  }, 40_000);
});

describe('a correction is refused, and kept for the auditor', () => {
  const conflictsOf = async (id: number | null | undefined) =>
    (
      await books.db
        .selectFrom('cdrConflicts')
        .select('content')
        .where('cdrId', '=', BigInt(id ?? 0))
        .execute()
    ).length;

  test('of what may be paid', async () => {
    const first = await made(cdrOf(books, escrowId));
    const other = { ...cdrOf(books, escrowId), callId: first?.callId, corrects: first?.id };
    expect(await books.submit(other)).toMatchObject([
      { verdict: 'conflict', id: first?.id, reason: expect.stringMatching(/may be paid/) },
    ]);
    expect(await conflictsOf(first?.id)).toBe(1);
    expect((await books.ratingOf(first?.id))?.state).toBe('rated');
  });

  test('of what is not rated yet; it is taken once that is done', async () => {
    const right = cdrOf(books, escrowId);
    const [first] = await books.submit({ ...right, escrowId: never });
    const correction = { ...right, corrects: first?.id };
    expect(await books.submit(correction)).toMatchObject([
      { verdict: 'conflict', reason: expect.stringMatching(/not rated yet/) },
    ]);
    await books.rate(first?.id ?? null);
    expect(await books.submit(correction)).toMatchObject([{ verdict: 'accepted' }]);
  });

  test('of a CDR of another callId, of another provider, or of none', async () => {
    const first = await made(cdrOf(books, never));
    expect(await books.submit({ ...cdrOf(books, escrowId), corrects: first?.id })).toMatchObject([
      { verdict: 'invalid', id: null },
    ]);
    const second = await made(cdrOf(books, never));
    const mixed = { ...cdrOf(books, escrowId), callId: second?.callId, corrects: first?.id };
    expect(await books.submit(mixed)).toMatchObject([
      { verdict: 'conflict', reason: `CDR ${first?.id} is not one of this callId` },
    ]);
  });

  test('a second CDR without `corrects` is told how to replace the first', async () => {
    const right = cdrOf(books, escrowId);
    const first = await made({ ...right, escrowId: never });
    expect(await books.submit(right)).toMatchObject([
      { verdict: 'conflict', reason: expect.stringContaining(`corrects: ${first?.id}`) },
    ]);
  });
});

describe('at the same time', () => {
  test('of many corrections, one wins, and all learn which', async () => {
    const right = cdrOf(books, escrowId);
    const first = await made({ ...right, ...unanswered });
    const tries = Array.from({ length: 8 }, (_, i) => ({ ...right, corrects: first?.id, sipStatus: 200 + (i % 4) }));
    const verdicts = (await Promise.all(tries.map((each) => books.submit(each)))).flat();
    expect(verdicts.filter(({ verdict }) => verdict === 'accepted')).toHaveLength(1);
    expect(new Set(verdicts.map(({ id }) => id)).size).toBe(1);
    expect(verdicts.filter(({ verdict }) => verdict === 'duplicate')).toHaveLength(1);
    expect(verdicts.filter(({ verdict }) => verdict === 'conflict')).toHaveLength(6);
  });

  test('corrections race with ratings: of all CDRs of a call, one at most ever has a price', async () => {
    const kind = fc.constantFrom(unanswered, { escrowId: never }, { sipStatus: 487 }, {});
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(kind, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 5 }),
        async (waves) => {
          const right = cdrOf(books, escrowId);
          const ids = new Set<number>();
          for (const wave of waves) {
            const known = [...ids];
            // each names one of the CDRs that there are, the newest or not, or none
            const sent = wave.map((wrong, i) => ({
              ...right,
              ...wrong,
              ...(known.length > 0 && { corrects: known.at(-1 - (i % known.length)) }),
            }));
            const [verdicts] = await Promise.all([
              Promise.all(sent.map((cdr) => books.submit(cdr))),
              books.rate(...known),
              books.rate(...known),
            ]);
            for (const { id } of verdicts.flat()) if (id !== null) ids.add(id);
            await Promise.all([books.rate(...ids), books.rate(...ids)]);
          }
          const ratings = await Promise.all([...ids].map((id) => books.ratingOf(id)));
          expect(ratings.filter((each) => (each?.price ?? 0n) > 0n).length).toBeLessThanOrEqual(1);
          expect(ratings.filter((each) => each?.state !== 'superseded')).toHaveLength(1);
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);
});

describe('Postgres makes sure', () => {
  test('that what may be paid is not corrected, whoever writes', async () => {
    const first = await made(cdrOf(books, escrowId));
    const row = await books.db
      .selectFrom('cdrs')
      .selectAll()
      .where('id', '=', BigInt(first?.id ?? 0))
      .executeTakeFirstOrThrow();
    const { id, ...columns } = row;
    await expect(
      books.db
        .insertInto('cdrs')
        .values({ ...columns, corrects: id })
        .execute(),
    ).rejects.toMatchObject({ code: '23514' });
    await expect(books.db.insertInto('cdrs').values(columns).execute()).rejects.toMatchObject({ code: '23505' });
  });

  test('that what will never be paid, and what is superseded, stays so', async () => {
    const right = cdrOf(books, escrowId);
    const first = await made({ ...right, ...unanswered });
    const set = (id: number | null | undefined, values: { state?: 'rated' | 'claimed'; price?: bigint }) =>
      books.settler
        .updateTable('ratings')
        .set(values)
        .where('cdrId', '=', BigInt(id ?? 0))
        .execute();
    await expect(set(first?.id, { price: 1n })).rejects.toMatchObject({ code: '23514' });
    await made({ ...right, corrects: first?.id });
    await expect(set(first?.id, { state: 'rated' })).rejects.toMatchObject({ code: '23514' });
    const rejected = await made(cdrOf(books, never));
    await expect(set(rejected?.id, { state: 'rated' })).rejects.toMatchObject({ code: '23514' });
  });
});
