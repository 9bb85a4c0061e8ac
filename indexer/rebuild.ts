import { sql } from 'kysely';
import type { Database, Tx } from '../database/connection.ts';
import { Contradiction } from './apply.ts';
import { derive } from './derive.ts';
import { type DigestedTable, type Digests, digestedTables, digestText } from './digest.ts';
import { digestTables } from './digest-tables.ts';
import { type derivedTables, makeScratch } from './scratch.ts';
import { announceHead, writeDigests } from './store.ts';

export type RebuiltTable = {
  table: DigestedTable;
  /** What the indexer had summed up, what its table held, and what follows from the events. */
  running: string | null;
  standing: string;
  rebuilt: string;
  /** Rows that were put right. */
  changed: number;
};
export type Rebuilt = { height: number; tables: RebuiltTable[]; isSame: boolean };

const keys: Record<(typeof derivedTables)[number], readonly string[]> = {
  providers: ['provider'],
  registrations: ['user', 'provider'],
  balances: ['account'],
  escrows: ['id'],
  settlements: ['height', 'position'],
};

/**
 * Derives the whole state anew from the stored events, in a schema of its own, beside the indexer that goes on. Then
 * that one is held up for a moment: the last blocks are added, the digests are compared table by table, and where one
 * differs, the rebuilt rows take the place of the others. All in one transaction: readers see what was before, or what
 * is after.
 */
export async function rebuild(db: Database): Promise<Rebuilt> {
  return db.transaction().execute(async (tx) => {
    const schema = await makeScratch(tx);
    const begun = await tx.selectFrom('cursor').selectAll().executeTakeFirstOrThrow();
    const first = await derive(tx, schema, begun.height);
    const { height, hash } = await tx.selectFrom('cursor').selectAll().forUpdate().executeTakeFirstOrThrow();
    const known = await tx.selectFrom('blocks').select('hash').where('height', '=', begun.height).executeTakeFirst();
    if (known?.hash !== begun.hash)
      throw new Contradiction('the chain has lost blocks while the index was rebuilt: try again');
    const rebuilt = await derive(tx, schema, height, { height: begun.height, digests: first });
    const standing = await digestTables(tx, 'public');
    const running = await tx.selectFrom('digests').selectAll().where('height', '=', height).executeTakeFirst();
    const tables: RebuiltTable[] = [];
    for (const table of digestedTables) {
      const told = { running: running?.[table] ?? null, ...texts(table, standing, rebuilt) };
      tables.push({ table, ...told, changed: await replace(tx, schema, table) });
    }
    const isSame = tables.every((table) => table.changed === 0 && table.running === table.rebuilt);
    if (!isSame) {
      await writeDigests(tx, height, rebuilt);
      await tx
        .updateTable('cursor')
        .set(({ eb }) => ({ generation: eb('generation', '+', 1), hash }))
        .execute();
      await announceHead(tx, height);
    }
    return { height, tables, isSame };
  });
}

const texts = (table: DigestedTable, standing: Digests, rebuilt: Digests) => ({
  standing: digestText(standing[table]),
  rebuilt: digestText(rebuilt[table]),
});

/** Puts right the rows that differ; answers how many. Events are what all else follows from: they stay. */
async function replace(tx: Tx, schema: string, table: DigestedTable): Promise<number> {
  if (table === 'events') return 0;
  const same = keys[table].map((key) => `standing."${key}" = wrong."${key}"`).join(' and ');
  const { numAffectedRows: removed = 0n } = await sql
    .raw(
      `delete from public.${table} as standing
      using (select * from public.${table} except select * from ${schema}.${table}) as wrong where ${same}`,
    )
    .execute(tx);
  const { numAffectedRows: added = 0n } = await sql
    .raw(
      `insert into public.${table} select * from (
        select * from ${schema}.${table} except select * from public.${table}) as missing`,
    )
    .execute(tx);
  return Number(removed > added ? removed : added);
}
