import type { Database } from '../../database/connection.ts';
import { type CdrVerdict, submittedCdrSchema } from '../../protocol/api/cdrs.ts';
import type { Address } from '../../protocol/types/address.ts';
import { fieldErrors, inWords } from '../http/problem.ts';
import { judge } from './judge.ts';
import { type Candidate, contentHash, contentOf } from './submitted.ts';
import { insertCdrs, insertConflicts, standingCdrs } from './write.ts';

/** What is wrong with an item, or the CDR in it. */
type Read = { candidate: Candidate } | { callId: string | null; reason: string };

export type Accepted = { verdicts: CdrVerdict[]; newIds: bigint[] };

/**
 * Takes a provider's CDRs: all that are of the right form are committed, in one transaction, when this answers. Under a
 * callId the first content stands until a correction replaces it; any other one is kept as a conflict.
 */
export async function acceptCdrs(db: Database, provider: Address, items: readonly unknown[]): Promise<Accepted> {
  const read = items.map(readItem);
  const candidates = read.flatMap((each) => ('candidate' in each ? [each.candidate] : []));
  const { judged, newIds } = await store(db, provider, candidates);
  const verdicts = read.map((each): CdrVerdict => {
    if (!('candidate' in each)) return { ...each, id: null, verdict: 'invalid', state: null };
    const verdict = judged.get(each.candidate);
    if (!verdict) throw new Error(`no verdict on callId ${each.candidate.cdr.callId} after it was stored`);
    return { callId: each.candidate.cdr.callId, ...verdict };
  });
  return { verdicts, newIds };
}

function readItem(item: unknown): Read {
  const parsed = submittedCdrSchema.safeParse(item);
  if (parsed.success) {
    const content = contentOf(parsed.data);
    return { candidate: { cdr: parsed.data, content, hash: contentHash(content) } };
  }
  const { callId } = (item ?? {}) as { callId?: unknown };
  return {
    callId: typeof callId === 'string' ? callId : null,
    reason: fieldErrors(parsed.error).map(inWords).join('; '),
  };
}

async function store(db: Database, provider: Address, candidates: readonly Candidate[]) {
  if (candidates.length === 0) return { judged: new Map<Candidate, ReturnType<typeof judge>>(), newIds: [] };
  const firsts = [...new Map([...candidates].reverse().map((each) => [placeOf(each), each])).values()];
  return db.transaction().execute(async (tx) => {
    const newIds = await insertCdrs(tx, provider, firsts);
    const standing = await standingCdrs(tx, provider, [...new Set(firsts.map(({ cdr }) => cdr.callId))]);
    const fresh = new Set(newIds);
    const isNew = (id: bigint) => fresh.delete(id); // once: the same CDR further down is its duplicate
    const judged = new Map(candidates.map((each) => [each, judge(each, standing.get(each.cdr.callId) ?? [], isNew)]));
    const conflicts = [...judged].flatMap(([{ content, hash }, { id, verdict }]) =>
      verdict === 'conflict' && id !== null ? [{ cdrId: BigInt(id), content, contentHash: hash }] : [],
    );
    await insertConflicts(tx, conflicts);
    return { judged, newIds };
  });
}

/** One CDR stands in a place: as the first of its call, or as the correction of another one. */
const placeOf = ({ cdr }: Candidate) => `${cdr.callId} ${cdr.corrects ?? ''}`;
