import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Block, Notification } from '../chain/blocks.ts';
import { createDatabase, type Database } from '../database/connection.ts';
import { migrate } from '../database/migrate.ts';
import type { BlockHash, ScriptHash, TxHash } from '../protocol/types/hash.ts';
import { height as asHeight } from '../protocol/types/height.ts';
import { createTestDatabase, type TestDatabase } from '../test/harness/postgres.ts';
import { openWriter, type Writer } from './commit.ts';
import { readCursor, startCursor } from './store.ts';

const hashOf = (height: number) => `0x${String(height).padStart(64, '0')}` as BlockHash;
const time = Date.UTC(2026, 0, 1);
const START = 700;

let database: TestDatabase;
let db: Database;
let writer: Writer;

beforeAll(async () => {
  database = await createTestDatabase();
  await migrate(database.url);
  db = createDatabase(database.url, 'indexer');
  const chain = { network: 77, contract: `0x${'cc'.repeat(20)}` as ScriptHash, deployedAt: START };
  const start = { height: START, hash: hashOf(START), previousHash: hashOf(START - 1), time: new Date(time) };
  await startCursor(db, { ...start, ...chain });
  const cursor = await readCursor(db);
  if (!cursor) throw new Error('there is no cursor');
  writer = await openWriter(db, cursor);
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

/** Blocks that follow on what was taken in, each with so many notifications. */
function blocks(count: number, notifications = 0): Block[] {
  const first = writer.position().height + 1;
  return Array.from({ length: count }, (_, i) => {
    const height = asHeight(first + i);
    const emitted = Array.from({ length: notifications }, (_, j) => cancelled(height, j));
    return { height, hash: hashOf(height), previousHash: hashOf(height - 1), time, notifications: emitted };
  });
}

function cancelled(height: number, ordinal: number): Notification {
  const bytes = { type: 'ByteString', value: 'zMzM' } as const;
  return { txHash: hashOf(height) as string as TxHash, ordinal, name: 'UpdateCancelled', state: [bytes, bytes] };
}

async function commit(): Promise<number> {
  const prepared = writer.prepare();
  if (!prepared) throw new Error('nothing was taken in');
  await writer.commit(prepared);
  const stored = await db
    .selectFrom('events')
    .select((by) => by.fn.countAll<bigint>().as('count'))
    .executeTakeFirst();
  expect(await readCursor(db)).toMatchObject(writer.position());
  return Number(stored?.count);
}

test('a commit is due with so many notifications or blocks, and where digests are kept', async () => {
  expect([writer.isDue(), writer.prepare()]).toEqual([false, null]);

  await writer.take(blocks(2, 500));
  expect(writer.isDue()).toBe(false);
  await writer.take(blocks(1, 1_000));
  expect(writer.isDue()).toBe(true);
  expect(await commit()).toBe(2_000);
  expect([writer.isDue(), writer.prepare()]).toEqual([false, null]);

  await writer.take(blocks(1_000 - START - 3 - 1));
  expect(writer.isDue()).toBe(false);
  await writer.take(blocks(1, 1));
  expect([writer.position().height, writer.isDue()]).toEqual([1_000, true]);
  expect(await commit()).toBe(2_001);
  expect(writer.isDue()).toBe(false);

  await writer.take(blocks(499));
  expect(writer.isDue()).toBe(false);
  await writer.take(blocks(1));
  expect(writer.isDue()).toBe(true);
  expect(await commit()).toBe(2_001);
});

test('while one is written, the next is taken in', async () => {
  await writer.take(blocks(1, 1));
  const one = writer.prepare();
  if (!one) throw new Error('nothing was taken in');
  const committing = writer.commit(one);
  await writer.take(blocks(2, 1));
  await committing;
  expect(await commit()).toBe(2_004);
});
