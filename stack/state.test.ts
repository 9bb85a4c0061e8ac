import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Folder, openFolder } from './folder.ts';
import { rememberState } from './state.ts';

let folder: Folder;
const said: string[] = [];
const say = (message: string) => void said.push(message);
beforeEach(() => {
  said.length = 0;
  folder = openFolder(mkdtempSync(join(tmpdir(), 'krypton-state-')));
});
afterEach(() => rmSync(folder.root, { recursive: true }));

test('what was chosen at the first start stays', async () => {
  const first = await rememberState(folder, say);
  expect(await rememberState(folder, say)).toEqual(first);
  expect(new Set(Object.values(first.ports)).size).toBe(6);
  expect(statSync(folder.state).mode & 0o777).toBe(0o600);
  expect(said).toEqual([]);
});

test('a port that somebody took meanwhile is replaced, and no other', async () => {
  const first = await rememberState(folder, say);
  const server = createServer().listen(first.ports.redis, '127.0.0.1');
  const second = await rememberState(folder, say);
  server.close();
  expect(second).toEqual({ ...first, ports: { ...first.ports, redis: second.ports.redis } });
  expect(second.ports.redis).not.toBe(first.ports.redis);
});

/** Cut off anywhere, emptied, one value of another kind: all that a damaged file may be. */
const damages: [string, (whole: string) => string][] = [
  ['emptied', () => ''],
  ['cut off', (whole) => whole.slice(0, whole.length / 2)],
  ['zeroed', (whole) => '\0'.repeat(whole.length)],
  ['another JSON', () => '[1]'],
  ['without its parts', () => '{}'],
  ['of another kind', () => '{"network": "7", "ports": 8, "passwords": null}'],
];

test.each(damages)('%s, it is made anew, and the chain keeps its network number', async (_damage, damage) => {
  const first = await rememberState(folder, say);
  makeChain(first.network);
  writeFileSync(folder.state, damage(readFileSync(folder.state, 'utf8')));
  said.length = 0;
  const second = await rememberState(folder, say);
  expect(second.network).toBe(first.network);
  expect(said).toEqual([expect.stringContaining('was damaged')]);
  expect(JSON.parse(readFileSync(folder.state, 'utf8'))).toEqual(second);
});

test('removed, it is made anew for the chain that is there', async () => {
  makeChain(1_234_567_890);
  expect(await rememberState(folder, say)).toMatchObject({ network: 1_234_567_890 });
});

test('one value that is damaged takes no other one with it', async () => {
  const first = await rememberState(folder, say);
  const damaged = { ...first, ports: { ...first.ports, redis: 'x' }, passwords: { postgres: "'", redis: 'a0' } };
  writeFileSync(folder.state, JSON.stringify(damaged));
  const second = await rememberState(folder, say);
  expect(second).toEqual({
    network: first.network,
    ports: { ...first.ports, redis: second.ports.redis },
    passwords: { postgres: expect.stringMatching(/^[0-9a-f]{48}$/), redis: 'a0' },
  });
});

test('a chain whose network number stands nowhere is left as it is, and the line says how to go on', async () => {
  makeChain(1_234_567_890);
  writeFileSync(folder.nodeConfig, '');
  await expect(rememberState(folder, say)).rejects.toThrow('write {"network": <number>}');
  writeFileSync(folder.state, '{"network": 1234567890}');
  expect(await rememberState(folder, say)).toMatchObject({ network: 1_234_567_890 });
});

/** As the node leaves it. */
function makeChain(network: number): void {
  mkdirSync(folder.chain, { recursive: true });
  writeFileSync(folder.nodeConfig, JSON.stringify({ ProtocolConfiguration: { Magic: network } }));
}
