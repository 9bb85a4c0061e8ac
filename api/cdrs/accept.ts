import type { Database } from '../../database/connection.ts';
import type { CdrVerdict } from '../../protocol/api/cdrs.ts';
import type { Address } from '../../protocol/types/address.ts';
import { fieldErrors, inWords } from '../http/problem.ts';
import { type Candidate, contentHash, contentOf, submittedCdrSchema } from './submitted.ts';
import { insertCdrs, insertConflicts, type StandingCdr, standingCdrs } from './write.ts';

/** What is wrong with an item, or the CDR in it. */
type Read = { candidate: Candidate } | { callId: string | null; reason: string };

export type Accepted = { verdicts: CdrVerdict[]; newIds: bigint[] };

/**
 * Takes a provider's CDRs: all that are of the right form are committed, in one transaction, when this answers. Under a
 * callId the first content stands for ever; another one is kept as a conflict.
 */
export async function acceptCdrs(db: Database, provider: Address, items: readonly unknown[]): Promise<Accepted> {
  const read = items.map(readItem);
  const candidates = read.flatMap((each) => ('candidate' in each ? [each.candidate] : []));
  const { standing, newIds } = await store(db, provider, candidates);
  const fresh = new Set(newIds);
  const verdicts = read.map((each): CdrVerdict => {
    if (!('candidate' in each)) return { ...each, id: null, verdict: 'invalid', state: null };
    const stands = standing.get(each.candidate.cdr.callId);
    if (!stands) throw new Error(`no CDR stands under callId ${each.candidate.cdr.callId} after it was stored`);
    const isFirst = fresh.delete(stands.id); // once: the same CDR further down is its duplicate
    return verdictOn(each.candidate, stands, isFirst);
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
  if (candidates.length === 0) return { standing: new Map<string, StandingCdr>(), newIds: [] };
  const firsts = [...new Map([...candidates].reverse().map((each) => [each.cdr.callId, each])).values()];
  return db.transaction().execute(async (tx) => {
    const newIds = await insertCdrs(tx, provider, firsts);
    const standing = await standingCdrs(tx, provider, [...firsts.map(({ cdr }) => cdr.callId)]);
    const conflicts = candidates.flatMap(({ cdr, content, hash }) => {
      const stands = standing.get(cdr.callId);
      return stands && !stands.contentHash.equals(hash) ? [{ cdrId: stands.id, content, contentHash: hash }] : [];
    });
    await insertConflicts(tx, conflicts);
    return { standing, newIds };
  });
}

function verdictOn({ cdr, hash }: Candidate, stands: StandingCdr, isFirst: boolean): CdrVerdict {
  const { state, contentHash: standingHash } = stands;
  const answer = { callId: cdr.callId, id: Number(stands.id), state, reason: null };
  if (isFirst) return { ...answer, verdict: 'accepted' };
  if (standingHash.equals(hash)) return { ...answer, verdict: 'duplicate' };
  return { ...answer, verdict: 'conflict', reason: 'another CDR stands under this callId; it stays as it is' };
}
