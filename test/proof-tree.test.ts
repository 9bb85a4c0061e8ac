import { expect, test } from 'vitest';
import { readProof } from '../api/proofs/read.ts';
import { checkProof } from '../protocol/call/proof.ts';
import { hexOf } from '../protocol/types/bytes.ts';
import { datoshi } from '../protocol/types/datoshi.ts';
import type { TxHash } from '../protocol/types/hash.ts';
import { type PreparedClaim, prepareClaims } from '../settler/claim.ts';
import type { PlannedCall } from '../settler/plan.ts';
import { type Books, cdrOf, contract, createBooks, network, unanswered } from './harness/books.ts';

/** As many as one claim may hold. */
const CALLS = 5_000;
/** It was not answered, so no claim holds it. */
const free = 77;
const txHash = `0x${'7'.repeat(64)}` as TxHash;

test("the API comes to the settler's tree, for a claim of 5,000 calls as well", { timeout: 60_000 }, async () => {
  const books = await createBooks();
  const escrowId = await books.openEscrow();
  const ids = await submitCalls(books, escrowId);
  const calls = ids.filter((_, i) => i !== free).map(plannedCall);
  const claim = await storeClaim(books, calls);
  const deps = { db: books.api, network, contract };
  let longest = 0;
  for (const i of [0, 1, free - 1, 4_711, CALLS]) {
    const started = performance.now();
    const outcome = await readProof(deps, Number(ids[i]));
    longest = Math.max(longest, performance.now() - started);
    const { proof } = outcome as Extract<typeof outcome, { kind: 'proof' }>;
    expect(checkProof(proof)).toEqual([]);
    expect(proof.claim).toMatchObject({ amount: claim.amount.toString(), cdrRoot: hexOf(claim.cdrRoot) });
  }
  console.log(`the proof of a call among ${CALLS}: ${longest.toFixed(0)} ms at most`);
  expect(longest).toBeLessThan(3_000);
  expect(await readProof(deps, Number(ids[free]))).toEqual({ kind: 'notSettled' });
  // rows that do not make the claim's root are no proof
  const [altered] = calls;
  await books.db
    .updateTable('ratings')
    .set({ billableSeconds: 61n })
    .where('cdrId', '=', altered?.cdrId ?? 0n)
    .execute();
  expect(await readProof(deps, Number(ids[1]))).toMatchObject({
    kind: 'broken',
    detail: expect.stringContaining('make the root'),
  });
  await books.destroy();
});

const CALLS_PER_REQUEST = 1_000;

async function submitCalls(books: Books, escrowId: bigint): Promise<bigint[]> {
  const sent = Array.from({ length: CALLS + 1 }, (_, i) => ({
    ...cdrOf(books, escrowId, { from: `+31${i}`, to: 'ü'.repeat(1 + (i % 7)) }),
    ...(i % 3 === 0 && { hangupBy: 'callee' }),
    ...(i === free && unanswered),
  }));
  const ids: bigint[] = [];
  for (let i = 0; i < sent.length; i += CALLS_PER_REQUEST) {
    const verdicts = await books.submit(...sent.slice(i, i + CALLS_PER_REQUEST));
    ids.push(...verdicts.map(({ id }) => BigInt(id ?? 0)));
  }
  return ids.toSorted((a, b) => Number(a - b));
}

/** Some are paid in part, some by a deck. */
const plannedCall = (cdrId: bigint): PlannedCall => ({
  cdrId,
  seconds: 60n,
  price: datoshi(610n),
  amount: datoshi(600n + (cdrId % 11n)),
  ratedAt: new Date(),
  tariffHash: cdrId % 2n === 0n ? null : `0x${'ab'.repeat(32)}`,
});

/** What seal and confirm write down, with the root that the settler comes to. */
async function storeClaim({ db, settler }: Books, calls: PlannedCall[]) {
  const escrow = await db.selectFrom('escrows').selectAll().executeTakeFirstOrThrow();
  const [prepared] = await prepareClaims({ db: settler }, [{ escrow, voucher: null, calls }]);
  const { claim } = prepared as PreparedClaim;
  const transaction = { hash: txHash, kind: 'settle', state: 'halted', bytes: Buffer.of(1), height: 8 } as const;
  await db
    .insertInto('transactions')
    .values({ ...transaction, validUntilBlock: 9, systemFee: 1n, networkFee: 1n })
    .execute();
  const { escrowId, seq, amount, seconds, cdrRoot } = claim;
  const { id: claimId } = await db
    .insertInto('claims')
    .values({ escrowId, seq, amount, seconds, calls: claim.calls, cdrRoot: hexOf(cdrRoot), txHash, state: 'accepted' })
    .returning('id')
    .executeTakeFirstOrThrow();
  for (let i = 0; i < calls.length; i += CALLS_PER_REQUEST) {
    const rows = calls.slice(i, i + CALLS_PER_REQUEST).map(({ cdrId, seconds, price, amount, tariffHash }) => {
      return {
        cdrId,
        escrowId,
        state: 'settled',
        billableSeconds: seconds,
        price,
        amount,
        tariffHash,
        claimId,
      } as const;
    });
    await db.insertInto('ratings').values(rows).execute();
  }
  return claim;
}
