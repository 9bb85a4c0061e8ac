import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { loadSettings } from './config.ts';
import { openDevnet } from './purse.ts';

let server: Server | undefined;
afterEach(() => server?.close());

/** A node that says of which network it is, and nothing else. */
async function nodeOf(network: number): Promise<string> {
  const protocol = { network, msperblock: 1000, maxvaliduntilblockincrement: 5760, validatorscount: 7 };
  const result = { useragent: '/test/', protocol };
  server = createServer((_, response) => response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result })));
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const settingsOf = (rpcUrl: string) =>
  loadSettings({ rpcUrl }, { KRYPTON_HOME: '/nowhere', KRYPTON_PURSE: 'purse.json' });

test.each([860833102, 894710606])('network %i is no devnet, whatever purse is named', async (network) => {
  const settings = settingsOf(await nodeOf(network));
  await expect(openDevnet(settings)).rejects.toThrow(`network ${network} is no devnet`);
});

test('a devnet opens, and its purse only with a password', async () => {
  const { network, openPurse } = await openDevnet(settingsOf(await nodeOf(1_234_567_890)));
  expect(network).toBe(1_234_567_890);
  await expect(openPurse()).rejects.toThrow('KRYPTON_PURSE_PASSWORD_FILE');
});
