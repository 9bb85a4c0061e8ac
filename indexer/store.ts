import { type Selectable, sql } from 'kysely';
import type { Database, Tx } from '../database/connection.ts';
import { insertRows } from '../database/rows.ts';
import type { Cursor } from '../database/types.ts';
import { escrowIdOf } from '../protocol/contract/event.ts';
import type { BlockHash, ScriptHash } from '../protocol/types/hash.ts';
import { Contradiction, emptyState, type PlacedEvent, type State } from './apply.ts';

export type Position = { height: number; hash: BlockHash };

/** Which contract this database follows and how far, or undefined before the first block. */
export function readCursor(db: Database): Promise<Selectable<Cursor> | undefined> {
  return db.selectFrom('cursor').selectAll().executeTakeFirst();
}

export async function startCursor(
  db: Database,
  start: Position & { time: Date; previousHash: BlockHash; network: number; contract: ScriptHash; deployedAt: number },
): Promise<void> {
  const { network, contract, deployedAt, previousHash, height, hash, time } = start;
  await db.transaction().execute(async (tx) => {
    await tx.insertInto('blocks').values({ height, hash, previousHash, time }).execute();
    await tx
      .insertInto('cursor')
      .values({ network: BigInt(network), contract, deployedAt, height, hash, time })
      .execute();
  });
}

/** Moves the cursor from exactly where it was: two indexers can't both write the same block. @throws Contradiction */
export async function moveCursor(tx: Tx, from: Position, to: Position & { time: Date }): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('cursor')
    .set({ height: to.height, hash: to.hash, time: to.time })
    .where('height', '=', from.height)
    .where('hash', '=', from.hash)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n)
    throw new Contradiction(`the index is no longer at block ${from.height}: another indexer writes this database`);
}

/** Wakes up whoever waits for a block (`LISTEN krypton_head`). */
export async function announceHead(tx: Tx, height: number): Promise<void> {
  await sql`select pg_notify('krypton_head', ${String(height)})`.execute(tx);
}

/** What the notifications are about, as it stood before them. */
export async function loadState(tx: Tx, placed: readonly PlacedEvent[]): Promise<State> {
  const state = emptyState();
  const events = placed.map(({ event }) => event);
  const ids = events.map(escrowIdOf).filter((id) => id !== null);
  const escrows = ids.length
    ? await tx.selectFrom('escrows').selectAll().where('id', '=', sql<bigint>`any(${ids})`).execute()
    : [];
  for (const row of escrows) state.escrows.set(row.id, row);

  const providers = events.flatMap((event) => ('provider' in event ? [event.provider] : []));
  const found = providers.length
    ? await tx.selectFrom('providers').selectAll().where('provider', '=', sql<never>`any(${providers})`).execute()
    : [];
  for (const row of found) state.providers.set(row.provider, row);

  const accounts = [
    ...events.flatMap((event) => ('account' in event ? [event.account] : 'user' in event ? [event.user] : [])),
    ...escrows.flatMap((row) => [row.user, row.provider]),
    ...providers,
  ];
  const balances = accounts.length
    ? await tx.selectFrom('balances').selectAll().where('account', '=', sql<never>`any(${accounts})`).execute()
    : [];
  for (const row of balances) state.balances.set(row.account, row.balance);
  return state;
}

/** Writes what the notifications changed: one statement a table, however many rows. */
export async function saveState(tx: Tx, state: State): Promise<void> {
  await insertRows(tx, 'providers', [...state.providers.values()], { overwrite: ['provider'] });
  await insertRows(
    tx,
    'balances',
    [...state.balances].map(([account, balance]) => ({ account, balance })),
    { overwrite: ['account'] },
  );
  await insertRows(tx, 'escrows', [...state.escrows.values()], { overwrite: ['id'] });
  const registrations = [...state.registrations.values()];
  for (const { user, provider } of registrations.filter((row) => row.uuid === null)) {
    await tx.deleteFrom('registrations').where('user', '=', user).where('provider', '=', provider).execute();
  }
  await insertRows(
    tx,
    'registrations',
    registrations.filter((row) => row.uuid !== null),
    { overwrite: ['user', 'provider'] },
  );
  await insertRows(tx, 'settlements', state.settlements);
}
