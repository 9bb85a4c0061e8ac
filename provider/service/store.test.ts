import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { committed, inTransaction, openStore } from './store.ts';

test('what is written together is on disk together, but for what has failed, and not before it is told', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'krypton-store-'));
  const [store, other] = [openStore(join(folder, 's')), openStore(join(folder, 's'))];
  const put = (number: string) => store.prepare('insert into numbers values (?, ?)').run(number, 'user');
  const seen = () =>
    other
      .prepare('select number from numbers order by number')
      .all()
      .map(({ number }) => number);
  inTransaction(store, () => put('1'));
  expect(() =>
    inTransaction(store, () => {
      put('2');
      inTransaction(store, () => put('3'));
      throw new Error('no');
    }),
  ).toThrow('no');
  inTransaction(store, () => put('4'));
  expect(seen()).toEqual([]);
  await committed(store);
  expect(seen()).toEqual(['1', '4']);
  await committed(store); // nothing is open
  for (const each of [store, other]) each.close();
  rmSync(folder, { recursive: true });
});

test('a commit that fails is told to all who wait for it, and takes back what it had', async () => {
  const lost: unknown[] = [];
  const store = openStore(':memory:', (error) => lost.push(error));
  store.exec(`create table a (id integer primary key);
    create table b (id integer references a (id) deferrable initially deferred)`);
  inTransaction(store, () => store.exec('insert into b values (1)'));
  const first = committed(store);
  inTransaction(store, () => store.exec('insert into a values (9)'));
  await expect(Promise.all([first, committed(store)])).rejects.toThrow(/FOREIGN KEY/i);
  expect(store.prepare('select count(*) as n from a').get()?.n).toBe(0n);
  expect(lost).toHaveLength(1);
  inTransaction(store, () => store.exec('insert into a values (1)'));
  await committed(store);
  expect(store.prepare('select count(*) as n from a').get()?.n).toBe(1n);
});

test('a transaction that SQLite itself takes back is lost as a whole', async () => {
  const lost: unknown[] = [];
  const store = openStore(':memory:', (error) => lost.push(error));
  inTransaction(store, () => store.prepare('insert into numbers values (?, ?)').run('1', 'user'));
  const stop = () =>
    inTransaction(store, () => {
      store.exec('rollback');
      throw new Error('the disk is full');
    });
  expect(stop).toThrow('the disk is full');
  await expect(committed(store)).rejects.toThrow(/no transaction/);
  expect(lost).toHaveLength(1);
  expect(store.prepare('select count(*) as n from numbers').get()?.n).toBe(0n);
});
