import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadSettings } from './config.ts';

const hash = (digit: string) => `0x${digit.repeat(40)}`;
const endpoints = {
  rpc: 'http://stack',
  ws: 'ws://stack',
  api: 'http://stack-api',
  phone: 'http://stack-phone',
  postgres: 'p',
  redis: 'r',
  network: 3,
  contract: hash('3'),
  operator: 'N',
  processes: {},
};
let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'krypton-config-'));
  await writeFile(join(home, 'endpoints.json'), JSON.stringify(endpoints));
});
afterAll(() => rm(home, { recursive: true }));

test('the option counts before the variable, the variable before the running stack', () => {
  const stack = { KRYPTON_HOME: home };
  expect(loadSettings({}, stack)).toMatchObject({
    rpc: ['http://stack'],
    contract: hash('3'),
    network: 3,
    api: 'http://stack-api',
    json: false,
  });
  const env = { ...stack, KRYPTON_RPC_URL: 'http://env', KRYPTON_NETWORK: '2', KRYPTON_WALLET: 'env.json' };
  expect(loadSettings({}, env)).toMatchObject({
    rpc: ['http://env'],
    contract: hash('3'),
    network: 2,
    wallet: 'env.json',
  });
  expect(loadSettings({ rpcUrl: 'http://option', contract: hash('1'), network: '1', json: true }, env)).toMatchObject({
    rpc: ['http://option'],
    contract: hash('1'),
    network: 1,
    wallet: 'env.json',
    json: true,
  });
});

test('without a stack and settings nothing is known', () => {
  expect(loadSettings({}, { KRYPTON_HOME: '/nowhere' })).toMatchObject({ rpc: undefined, stack: undefined });
});

test("what npm start's own variables say does not disturb, a mistyped one does", () => {
  expect(loadSettings({}, { KRYPTON_HOME: home }).stack).toMatchObject({ network: 3 });
  expect(() => loadSettings({}, { KRYPTON_RPC: 'http://x' })).toThrow('KRYPTON_RPC is no setting of KRYPTON');
});

test('a file of another version is told', async () => {
  const other = await mkdtemp(join(tmpdir(), 'krypton-config-'));
  await writeFile(join(other, 'endpoints.json'), '{}');
  expect(() => loadSettings({}, { KRYPTON_HOME: other })).toThrow('start it anew');
  await rm(other, { recursive: true });
});
