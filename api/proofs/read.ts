import { setImmediate as othersTurn } from 'node:timers/promises';
import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../../database/connection.ts';
import { type CdrFacts, leafContent, leafOfContent } from '../../protocol/call/cdr.ts';
import { merkleSumProof, rootOfProof, type SumNode } from '../../protocol/call/merkle-sum.ts';
import { type Proof, proofFormat } from '../../protocol/call/proof.ts';
import { hexOf } from '../../protocol/types/bytes.ts';
import type { Datoshi } from '../../protocol/types/datoshi.ts';
import type { TxHash } from '../../protocol/types/hash.ts';
import type { Deps } from '../deps.ts';

type Claim = { id: bigint; escrowId: bigint; seq: bigint; amount: bigint; cdrRoot: string; txHash: TxHash };
type Leaf = CdrFacts & {
  id: bigint;
  salt: Buffer;
  billableSeconds: bigint;
  amount: Datoshi;
  tariffHash: string | null;
};

/** Domain outcomes: what is stored may contradict itself, and then nothing is proven. */
export type ProofOutcome =
  | { kind: 'proof'; proof: Proof }
  | { kind: 'notSettled' }
  | { kind: 'broken'; detail: string };

/** The proof of a settled CDR with all that its leaf is made of: for a party of the call alone. */
export async function readProof(
  { db, network, contract }: Pick<Deps, 'db' | 'network' | 'contract'>,
  cdrId: number,
): Promise<ProofOutcome> {
  const claim = await readClaim(db, BigInt(cdrId));
  if (!claim) return { kind: 'notSettled' };
  const calls = await readLeaves(db, claim.id);
  const index = calls.findIndex(({ id }) => id === BigInt(cdrId));
  const contents = calls.map((call) => leafContent(call, call, call.salt));
  const [cdr, leaves] = [contents[index], await hashAll(contents)];
  const leaf = leaves[index];
  if (!cdr || !leaf) return { kind: 'broken', detail: `CDR ${cdrId} is not among the calls of its claim ${claim.id}` };
  const path = merkleSumProof(leaves, index);
  const root = shown(rootOfProof(leaf, path));
  if (root.hash !== claim.cdrRoot || root.sum !== claim.amount.toString())
    return {
      kind: 'broken',
      detail: `the calls of claim ${claim.id} make the root ${root.hash}, not ${claim.cdrRoot}`,
    };
  const proof: Proof = {
    format: proofFormat,
    network,
    contract,
    txHash: claim.txHash,
    claim: {
      escrowId: Number(claim.escrowId),
      seq: Number(claim.seq),
      amount: claim.amount.toString(),
      cdrRoot: claim.cdrRoot,
    },
    root,
    path: path.map((step) => ({ side: step.side, ...shown(step) })),
    leaf: shown(leaf),
    cdr,
  };
  return { kind: 'proof', proof };
}

const shown = ({ hash, sum }: SumNode) => ({ hash: hexOf(hash) as string, sum: sum.toString() });

async function readClaim(db: Database, cdrId: bigint): Promise<Claim | undefined> {
  return db
    .selectFrom('ratings')
    .innerJoin('claims', 'claims.id', 'ratings.claimId')
    .select(['claims.id', 'claims.escrowId', 'seq', 'claims.amount', 'cdrRoot', 'txHash'])
    .where('cdrId', '=', cdrId)
    .where('ratings.state', '=', 'settled')
    .where('claims.state', '=', 'accepted')
    .executeTakeFirst();
}

/** All calls of a claim in the order of its leaves: by id, as the settler plans them. */
async function readLeaves(db: Database, claimId: bigint): Promise<Leaf[]> {
  const calls: RawBuilder<Leaf> = sql`
    select id, call_id, cdrs.escrow_id, "user", direction, "from", "to", started_at, answered_at, ended_at, disposition,
      sip_status, hangup_by, salt, billable_seconds, amount, tariff_hash
    from ratings join cdrs on cdrs.id = ratings.cdr_id
    where claim_id = ${claimId}
    order by id`;
  return (await calls.execute(db)).rows;
}

/** Some 10 ms of work: a claim of 5,000 calls takes 100, and other requests do not wait for all of it. */
const LEAVES_AT_A_TIME = 500;

async function hashAll(contents: readonly ReturnType<typeof leafContent>[]): Promise<SumNode[]> {
  const leaves: SumNode[] = [];
  for (let i = 0; i < contents.length; i += LEAVES_AT_A_TIME) {
    leaves.push(...contents.slice(i, i + LEAVES_AT_A_TIME).map(leafOfContent));
    await othersTurn();
  }
  return leaves;
}
