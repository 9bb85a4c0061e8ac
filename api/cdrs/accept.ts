import { setImmediate as othersTurn } from 'node:timers/promises';
import type { Database } from '../../database/connection.ts';
import type { CdrVerdict } from '../../protocol/api/cdrs.ts';
import type { Address } from '../../protocol/types/address.ts';
import { createBatching, runApart } from '../batching.ts';
import { nonceReplayed } from '../signature/authenticate.ts';
import type { Verified } from '../signature/verify.ts';
import { escrowIdsOf, refuseFull } from './admit.ts';
import { type Judged, judge } from './judge.ts';
import { type Candidate, type Read, readItem } from './submitted.ts';
import { placeOf, type Submission, takeCdrs } from './take.ts';
import { insertConflicts, standingCdrs } from './write.ts';

export type Accepted = { verdicts: CdrVerdict[]; newIds: bigint[] };
export type Accept = (provider: Address, items: readonly unknown[], verified: Verified) => Promise<Accepted>;

/** More wait for each other at the ends of the same indexes. */
const MAX_BATCHES = 2;
/** They take half a millisecond. */
const READ_AT_A_TIME = 100;
/** One statement and one commit for all of them stay within some tens of milliseconds; one request may hold as many. */
const MAX_CDRS_AT_A_TIME = 1_000;

type Waiting = Submission & {
  read: readonly Read[];
  answer: (answer: Accepted) => void;
  refuse: (error: unknown) => void;
};

/**
 * Takes providers' CDRs: all that are of the right form are committed when this answers, and the request's nonce with
 * them, by one statement for all that are handed in at the same time. Under a callId the first content stands until a
 * correction replaces it; any other one is kept as a conflict.
 * @throws Refusal nonceReplayed, notAProvider, tooManyRejected, tooManyWaiting
 */
export function createAccept(db: Database): Accept {
  const take = createBatching<Waiting>({
    atATime: MAX_BATCHES,
    take: nextBatch,
    run: (batch) => runApart(batch, (each) => acceptBatch(db, each)), // nothing was committed where it fails
  });
  return async (provider, items, verified) => {
    const read = await readByTurns(items);
    return new Promise((answer, refuse) => {
      const candidates = read.flatMap((each) => ('candidate' in each ? [each.candidate] : []));
      const escrowIds = escrowIdsOf(items);
      take({ provider, verified, candidates, escrowIds, read, answer, refuse });
    });
  };
}

/** What others ask meanwhile waits for some of them, and not for all. */
async function readByTurns(items: readonly unknown[]): Promise<Read[]> {
  const read: Read[] = [];
  for (const item of items) {
    if (read.length > 0 && read.length % READ_AT_A_TIME === 0) await othersTurn();
    read.push(readItem(item));
  }
  return read;
}

/** The oldest ones that fit together; of a nonce that came twice, the first: the second one shall find it used. */
function nextBatch(waiting: Waiting[], share: number): Waiting[] {
  const nonces = new Set<string>();
  const batch: Waiting[] = [];
  let cdrs = 0;
  for (let next = waiting[0]; next !== undefined && batch.length < share; next = waiting[0]) {
    const nonce = `${next.verified.publicKey} ${next.verified.nonce}`;
    cdrs += next.candidates.length;
    if (batch.length > 0 && (cdrs > MAX_CDRS_AT_A_TIME || nonces.has(nonce))) break;
    nonces.add(nonce);
    batch.push(next);
    waiting.shift();
  }
  return batch;
}

/** Answers nothing: nobody waits again. */
async function acceptBatch(db: Database, batch: readonly Waiting[]): Promise<never[]> {
  const { rooms, ids } = await takeCdrs(db, batch);
  await Promise.all(
    batch.map(async (each, i) => {
      try {
        const room = rooms[i];
        if (!room?.isFresh) throw nonceReplayed();
        refuseFull(each.provider, room);
        each.answer(await verdictsOf(db, each, ids));
      } catch (error) {
        each.refuse(error);
      }
    }),
  );
  return [];
}

/** `ids`: of what is new. Whose it is, where two have sent the same, the first one says. */
async function verdictsOf(db: Database, { provider, candidates, read }: Waiting, ids: Map<string, bigint>) {
  const newIds: bigint[] = [];
  const judged = new Map<Candidate, Judged>();
  for (const each of candidates) {
    const place = placeOf(provider, each.content);
    const id = ids.get(place);
    if (id === undefined) continue;
    ids.delete(place);
    newIds.push(id);
    judged.set(each, { id: Number(id), verdict: 'accepted', state: 'received', reason: null });
  }
  const others = candidates.filter((each) => !judged.has(each));
  if (others.length > 0) await judgeOthers(db, provider, others, judged);
  const verdicts = read.map((each): CdrVerdict => {
    if (!('candidate' in each)) return { ...each, id: null, verdict: 'invalid', state: null };
    const { callId } = each.candidate.content;
    const verdict = judged.get(each.candidate);
    if (!verdict) throw new Error(`no verdict on callId ${callId} after it was stored`);
    return { callId, ...verdict };
  });
  return { verdicts, newIds };
}

/** By what stands, our own CDRs and those that others have committed. */
async function judgeOthers(
  db: Database,
  provider: Address,
  others: readonly Candidate[],
  judged: Map<Candidate, Judged>,
): Promise<void> {
  const standing = await standingCdrs(db, provider, [...new Set(others.map(({ content }) => content.callId))]);
  const conflicts = others.flatMap((each) => {
    const verdict = judge(each, standing.get(each.content.callId) ?? []);
    judged.set(each, verdict);
    const isKept = verdict.verdict === 'conflict' && verdict.id !== null;
    return isKept ? [{ cdrId: BigInt(verdict.id as number), ...each }] : [];
  });
  await insertConflicts(db, conflicts);
}
