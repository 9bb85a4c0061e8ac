import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { postgresStarter } from './base.ts';
import { openTerminal } from './console.ts';
import { openFolder } from './folder.ts';
import { type Kept, keepRunning } from './keep.ts';
import { postgresUrl } from './postgres.ts';
import { newPassword, rememberState, type State } from './state.ts';

const folder = openFolder(mkdtempSync(join(tmpdir(), 'krypton-postgres-')));
const data = join(folder.postgres, 'data');
const terminal = openTerminal({ write: () => true, on: () => undefined });
let postgres: Kept | undefined;
afterEach(() => postgres?.stop());
afterAll(() => rmSync(folder.root, { recursive: true }));

/** A real Postgres, started as `npm start` does it. */
async function startPostgres(more: Partial<State> = {}): Promise<State> {
  const state = { ...(await rememberState(folder, terminal.as('stack'))), ...more };
  const start = postgresStarter({ folder, state, terminal }, { durable: false });
  postgres = keepRunning({ name: 'postgres', start, say: terminal.as('postgres'), begun: () => {}, up: () => {} });
  await postgres.ready;
  return state;
}

async function query(state: State, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: postgresUrl(state) });
  try {
    await client.connect();
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

/** In their order: each goes on with the data that the one before it left. */
describe('Postgres', { timeout: 60_000 }, () => {
  test('starts where an interrupted first start left half a cluster', async () => {
    mkdirSync(join(folder.postgres, 'unfinished', 'base'), { recursive: true });
    writeFileSync(join(folder.postgres, 'unfinished.password'), 'half');
    const state = await startPostgres();
    await query(state, 'create table kept as select 42 as answer');
    expect(existsSync(join(folder.postgres, 'unfinished.password'))).toBe(false);
  });

  test('has the password of the state, also where that lost the one before, and keeps its data', async () => {
    const before = await rememberState(folder, terminal.as('stack'));
    rmSync(folder.state);
    const state = await startPostgres();
    expect(state.passwords.postgres).not.toBe(before.passwords.postgres);
    expect(await query(state, 'select answer from kept')).toEqual([{ answer: 42 }]);
    const old = { ...state, passwords: before.passwords };
    await expect(query(old, 'select 1')).rejects.toMatchObject({ code: '28P01' });
  });

  test('has the password of the state, also where nobody noted which one it had', async () => {
    rmSync(join(folder.postgres, 'password'));
    const state = await startPostgres({ passwords: { postgres: newPassword(), redis: '' } });
    expect(await query(state, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  test.each([
    ['empty', ''],
    ['bogus', 'x\n'],
    ['cut off', String(process.pid).slice(0, 1)],
    ['of another process', `${process.pid}\n${data}\n`],
    ['of another process, left by a run without clients', `-${process.pid}\n${data}\n`],
    ['of no process', `4999999\n${data}\n`],
  ])('starts where a pid file is left that is %s', async (_kind, content) => {
    writeFileSync(join(data, 'postmaster.pid'), content, { mode: 0o600 });
    const state = await startPostgres();
    expect(await query(state, 'select answer from kept')).toEqual([{ answer: 42 }]);
    expect(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]).toBe(String(postgres?.pid()));
  });
});
