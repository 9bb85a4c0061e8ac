import { Redis } from 'ioredis';
import pg from 'pg';
import { expect, inject, test } from 'vitest';
import { readGasBalance } from '../chain/gas.ts';
import { datoshi } from '../protocol/types/datoshi.ts';
import { createFundedAccounts, testRpc } from './harness/accounts.ts';
import { useTestDatabase } from './harness/postgres.ts';
import { createTestRedis } from './harness/redis.ts';

test('accounts have the GAS they were given', async () => {
  const accounts = await createFundedAccounts(2, datoshi(7n));
  for (const { address } of accounts) expect(await readGasBalance(testRpc(), address)).toBe(7n);
});

test('each caller gets a Postgres database of its own', async () => {
  const [one, other] = await Promise.all([useTestDatabase(), useTestDatabase()]);
  const clients = [one, other].map((connectionString) => new pg.Client({ connectionString }));
  await Promise.all(clients.map((client) => client.connect()));
  // The same name twice: it would clash in one database.
  await Promise.all(clients.map((client) => client.query('create table t (id int)')));
  await Promise.all(clients.map((client) => client.end()));
  expect(one).not.toBe(other);
});

test('each caller gets a Redis database of its own', async () => {
  const urls = [await createTestRedis(), await createTestRedis()];
  const [one, other] = urls.map((url) => new Redis(url)) as [Redis, Redis];
  await one.set('key', 'value');
  expect(await other.get('key')).toBeNull();
  one.disconnect();
  other.disconnect();
});

test('the network number goes with the node', () => {
  expect(inject('base').network).toBeGreaterThan(0);
});
