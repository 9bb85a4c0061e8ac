import { type Expression, sql } from 'kysely';
import { NodeRefuses, NodeUnavailable, RpcError } from '../chain/errors.ts';
import type { Node } from '../chain/node.ts';
import type { Rpc } from '../chain/rpc.ts';
import { readStorageAt, readStorageNow, type StorageSnapshot } from '../chain/storage.ts';
import type { Database, Tx } from '../database/connection.ts';
import type { ScriptHash } from '../protocol/types/hash.ts';
import { height as asHeight, type Height } from '../protocol/types/height.ts';
import { derive } from './derive.ts';
import { makeScratch } from './scratch.ts';
import { type Comparable, stateOfStorage } from './storage-state.ts';
import { owed, stateOfTables } from './table-state.ts';

export type Difference = {
  key: string;
  /** What each side says; null: nothing. */
  index: string | null;
  chain: string | null;
  /** The block of the last notification about it, up to the height that was compared. */
  lastTouchedAt: number | null;
};
export type Reconciliation = {
  height: number;
  /** State root of that block; null where the node keeps none. */
  root: string | null;
  /** Each entry was proved against that root. */
  proved: boolean;
  entries: number;
  differences: Difference[];
  conservation: { held: string; balances: string; reserved: string; holds: boolean };
  agrees: boolean;
};

export type ReconcileDeps = { db: Database; rpc: Rpc; contract: ScriptHash };
export type ReconcileOptions = { height?: number | undefined; prove: boolean };

/** Whoever has to look at more has one cause to find, and not so many. */
const MAX_DIFFERENCES = 1_000;
/** How long the index may take to come to the block of which a node without state roots has told. */
const INDEX_LIMIT_MS = 30_000;
const POLL_MS = 100;

/**
 * Holds what the index says against the contract's own storage as of the same block: every provider, registration,
 * balance and open escrow, both ways, and the law that the contract holds what it owes. The result is kept.
 */
export async function reconcile(deps: ReconcileDeps, options: ReconcileOptions): Promise<Reconciliation> {
  const startedAt = new Date();
  const { db, rpc, contract } = deps;
  const wanted = options.height ?? (await heightOf(db));
  const storage = await rpc.use((node) => readStorage(node, contract, asHeight(wanted), options));
  await untilIndexed(db, storage.height);
  const result = await db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute((tx) => compare(tx, storage, options.prove));
  await keep(db, result, startedAt);
  return result;
}

async function heightOf(db: Database): Promise<number> {
  return (await db.selectFrom('cursor').select('height').executeTakeFirstOrThrow()).height;
}

/** A node without state roots tells of now only: where that will do, it is asked so. */
async function readStorage(
  node: Node,
  contract: ScriptHash,
  height: Height,
  { prove, height: asked }: ReconcileOptions,
): Promise<StorageSnapshot> {
  try {
    return await readStorageAt(node, contract, height, { prove });
  } catch (error) {
    const keepsNone = error instanceof NodeRefuses || error instanceof RpcError;
    if (!keepsNone || prove || asked !== undefined) throw error;
    return readStorageNow(node, contract);
  }
}

async function untilIndexed(db: Database, height: number): Promise<void> {
  const deadline = Date.now() + INDEX_LIMIT_MS;
  while ((await heightOf(db)) < height) {
    if (Date.now() > deadline) throw new NodeUnavailable(`the index does not come to block ${height}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function compare(tx: Tx, storage: StorageSnapshot, proved: boolean): Promise<Reconciliation> {
  const { height, root, gas } = storage;
  const schema = await schemaAt(tx, height);
  const [index, chain] = [await stateOfTables(tx, schema), stateOfStorage(storage.entries)];
  const { balances, reserved } = await owed(tx, schema);
  const differences: Difference[] = [];
  for (const key of differing(index, chain).slice(0, MAX_DIFFERENCES)) {
    const lastTouchedAt = await lastTouched(tx, key, height);
    differences.push({ key, index: index.get(key) ?? null, chain: chain.get(key) ?? null, lastTouchedAt });
  }
  const holds = gas >= balances + reserved; // GAS that somebody burnt into the contract is nobody's
  return {
    height,
    root,
    proved,
    entries: storage.entries.length,
    differences,
    conservation: { held: String(gas), balances: String(balances), reserved: String(reserved), holds },
    agrees: differences.length === 0 && holds,
  };
}

/** The tables as they stand where they are at that block; else what followed from the events up to it. */
async function schemaAt(tx: Tx, height: number): Promise<string> {
  const cursor = await tx.selectFrom('cursor').select('height').executeTakeFirstOrThrow();
  if (cursor.height === height) return 'public';
  const schema = await makeScratch(tx);
  await derive(tx, schema, height);
  return schema;
}

function differing(index: Comparable, chain: Comparable): string[] {
  const keys = new Set([...index.keys(), ...chain.keys()]);
  return [...keys].filter((key) => index.get(key) !== chain.get(key)).sort();
}

async function lastTouched(tx: Tx, key: string, height: number): Promise<number | null> {
  const [kind, , name = '', , other = ''] = key.split(' ');
  const account = kind === 'provider' ? key.slice('provider '.length) : name;
  const about: Record<string, Expression<boolean>> = {
    escrow: sql<boolean>`escrow_id = ${/^escrow (\d+)$/.exec(key)?.[1] ?? '-1'}::bigint`,
    provider: sql<boolean>`payload->>'provider' = ${account}
      and name in ('ProviderDeployed', 'ProviderRelocated', 'TariffSet', 'OperatorSet', 'ProviderUndeployed')`,
    registration: sql<boolean>`payload->>'user' = ${name} and payload->>'provider' = ${other}
      and name in ('UserRegistered', 'UserUnregistered')`,
    balance: sql<boolean>`(payload->>'account' = ${name}
      or escrow_id in (select id from public.escrows where "user" = ${name} or provider = ${name}))`,
  };
  const touching = about[kind ?? ''];
  if (!touching) return null;
  const found = await tx
    .selectFrom('events')
    .select(({ fn }) => fn.max('height').as('height'))
    .where('height', '<=', height)
    .where(touching)
    .executeTakeFirst();
  return found?.height ?? null;
}

async function keep(db: Database, result: Reconciliation, startedAt: Date): Promise<void> {
  const { height, entries, proved, differences, conservation } = result;
  await db
    .insertInto('reconciliations')
    .values({
      height,
      startedAt,
      entries: BigInt(entries),
      proved,
      differences: JSON.stringify({ differences, conservation }),
    })
    .execute();
}
