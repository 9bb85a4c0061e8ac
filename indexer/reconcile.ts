import { type Expression, sql } from 'kysely';
import { isUnknown, NodeRefuses, NodeUnavailable, RpcError } from '../chain/errors.ts';
import type { Node } from '../chain/node.ts';
import type { Rpc } from '../chain/rpc.ts';
import { readStorageAt, readStorageNow, type StorageSnapshot } from '../chain/storage.ts';
import type { Database } from '../database/connection.ts';
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
/** A node without state roots tells of now only: index and node are looked at until both are at the same block. */
const TRIES = 100;
const POLL_MS = 100;

/**
 * Holds what the index says against the contract's own storage as of the same block: every provider, registration,
 * balance and open escrow, both ways, and the law that the contract holds what it owes. The result is kept. Without a
 * height, the tables are taken as they stand; with that of an earlier block, what followed from the events up to it.
 */
export async function reconcile(deps: ReconcileDeps, { height, prove }: ReconcileOptions): Promise<Reconciliation> {
  const startedAt = new Date();
  const [tables, storage] = height === undefined ? await readBoth(deps, prove) : await readBothAt(deps, height, prove);
  const result = await compare(deps.db, tables, storage, prove);
  await keep(deps.db, result, startedAt);
  return result;
}

type Tables = { height: Height; state: Comparable; balances: bigint; reserved: bigint };

/** The index at one moment; nothing is asked of a node meanwhile. @throws RangeError where it is not there yet */
async function readTables(db: Database, wanted?: number): Promise<Tables> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (tx) => {
      const cursor = await tx.selectFrom('cursor').select('height').executeTakeFirstOrThrow();
      const height = asHeight(wanted ?? cursor.height);
      if (height > cursor.height) throw new RangeError(`the index is at block ${cursor.height}, not yet at ${height}`);
      let schema = 'public';
      if (height < cursor.height) {
        schema = await makeScratch(tx);
        await derive(tx, schema, height);
      }
      return { height, state: await stateOfTables(tx, schema), ...(await owed(tx, schema)) };
    });
}

async function readBothAt(
  { db, rpc, contract }: ReconcileDeps,
  height: number,
  prove: boolean,
): Promise<[Tables, StorageSnapshot]> {
  const tables = await readTables(db, height);
  return [tables, await rpc.use((node) => readStorageAt(node, contract, tables.height, { prove }))];
}

async function readBoth({ db, rpc, contract }: ReconcileDeps, prove: boolean): Promise<[Tables, StorageSnapshot]> {
  for (let left = TRIES; ; left -= 1) {
    const tables = await readTables(db);
    const storage = await rpc.use((node) => readStorage(node, contract, tables.height, prove));
    if (storage?.height === tables.height) return [tables, storage];
    if (left === 0) throw new NodeUnavailable('the node has no state as of the index: is one of them behind?');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/**
 * A node without state roots tells of now only: where that will do, it is asked so. Null: a block has come meanwhile, or
 * the root of the newest one has not.
 */
async function readStorage(
  node: Node,
  contract: ScriptHash,
  height: Height,
  prove: boolean,
): Promise<StorageSnapshot | null> {
  try {
    return await readStorageAt(node, contract, height, { prove });
  } catch (error) {
    const keepsNone = error instanceof NodeRefuses || error instanceof RpcError;
    if (keepsNone && !prove) return readStorageNow(node, contract);
    if (isUnknown(error)) return null;
    throw error;
  }
}

async function compare(
  db: Database,
  { height, state: index, balances, reserved }: Tables,
  storage: StorageSnapshot,
  proved: boolean,
): Promise<Reconciliation> {
  const chain = stateOfStorage(storage.entries);
  const differences: Difference[] = [];
  for (const key of differing(index, chain).slice(0, MAX_DIFFERENCES)) {
    const lastTouchedAt = await lastTouched(db, key, height);
    differences.push({ key, index: index.get(key) ?? null, chain: chain.get(key) ?? null, lastTouchedAt });
  }
  const { root, gas, entries } = storage;
  const holds = gas >= balances + reserved; // GAS that somebody burnt into the contract is nobody's
  return {
    height,
    root,
    proved,
    entries: entries.length,
    differences,
    conservation: { held: String(gas), balances: String(balances), reserved: String(reserved), holds },
    agrees: differences.length === 0 && holds,
  };
}

function differing(index: Comparable, chain: Comparable): string[] {
  const keys = new Set([...index.keys(), ...chain.keys()]);
  return [...keys].filter((key) => index.get(key) !== chain.get(key)).sort();
}

async function lastTouched(db: Database, key: string, height: number): Promise<number | null> {
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
  const found = await db
    .selectFrom('events')
    .select(({ fn }) => fn.max('height').as('height'))
    .where('height', '<=', height)
    .where(touching)
    .executeTakeFirst();
  return found?.height ?? null;
}

async function keep(db: Database, result: Reconciliation, startedAt: Date): Promise<void> {
  const { height, entries, proved, agrees, differences, conservation } = result;
  await db
    .insertInto('reconciliations')
    .values({
      height,
      startedAt,
      entries: BigInt(entries),
      proved,
      agrees,
      result: JSON.stringify({ differences, conservation }),
    })
    .execute();
}
