import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes } from '@noble/hashes/utils.js';
import { inject } from 'vitest';
import { z } from 'zod';
import { createRpc } from '../../chain/rpc.ts';
import { hash160Bytes } from '../../protocol/types/address.ts';
import { base64OfBytes, bytesOfHex, littleEndian4 } from '../../protocol/types/bytes.ts';
import { openTreasury } from '../../stack/accounts.ts';
import { nodeStarter } from '../../stack/base.ts';
import { openFolder, tools } from '../../stack/folder.ts';
import { keepRunning } from '../../stack/keep.ts';
import { nodeUrls } from '../../stack/node.ts';
import { rememberState } from '../../stack/state.ts';
import type { TestBase } from './global-setup.ts';

/** A chain of a test's own, whose time the test may move. */
export type OwnNode = TestBase & {
  /** Adds a block of so much later: from then on the chain's time is ahead of the clock. */
  moveTime(ms: number): Promise<void>;
  stop(): Promise<void>;
};

const pace = { blockMs: 100, emptyBlockMs: 1_000, inMemory: true };
/** The node's own consensus may add a block in between. */
const TRIES = 20;

export async function startOwnNode(): Promise<OwnNode> {
  const folder = openFolder(join(tools, `test-node-${process.pid}`));
  const state = await rememberState(folder, () => {});
  const terminal = { as: () => () => {} };
  const start = nodeStarter({ folder, state, terminal }, pace);
  const node = keepRunning({ name: 'node', start, say: () => {}, begun: () => {}, up: () => {} });
  await node.ready;
  const treasury = await openTreasury(folder);
  const urls = nodeUrls(state);
  const rpc = createRpc([urls.rpc]);

  async function addBlock(ms: number): Promise<void> {
    const count = await rpc.call('getblockcount');
    const header = headerSchema.parse(await askNode(urls.rpc, 'getblockheader', [count - 1, true]));
    const unsigned = concatBytes(
      littleEndian4(0),
      bytesOfHex(header.hash).reverse(),
      new Uint8Array(32),
      littleEndian8(BigInt(header.time + ms)),
      littleEndian8(0n),
      littleEndian4(count),
      Uint8Array.of(header.primary),
      hash160Bytes(header.nextconsensus),
    );
    const signature = await treasury.sign(concatBytes(littleEndian4(state.network), sha256(unsigned)));
    const { verificationScript } = treasury;
    const witness = concatBytes(
      Uint8Array.of(1, 66, 0x0c, 64),
      signature,
      Uint8Array.of(verificationScript.length),
      verificationScript,
    );
    await askNode(urls.rpc, 'submitblock', [base64OfBytes(concatBytes(unsigned, witness, Uint8Array.of(0)))]);
  }

  return {
    ...inject('base'),
    ...urls,
    network: state.network,
    treasuryKey: bytesToHex(treasury.privateKey),
    moveTime: async (ms) => {
      for (let left = TRIES; ; left -= 1) {
        try {
          return await addBlock(ms);
        } catch (error) {
          if (left === 0) throw error;
        }
      }
    },
    stop: async () => {
      await node.stop();
      rmSync(folder.root, { recursive: true, force: true });
    },
  };
}

const headerSchema = z.object({
  hash: z.string(),
  time: z.number(),
  primary: z.number(),
  nextconsensus: z.string().transform((address) => address as Parameters<typeof hash160Bytes>[0]),
});

function littleEndian8(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}

/** Methods that no other code of ours needs. */
async function askNode(url: string, method: string, params: unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const response = await fetch(url, { method: 'POST', body });
  const { result, error } = (await response.json()) as { result?: unknown; error?: { message: string } };
  if (error) throw new Error(`${method}: ${JSON.stringify(error)}`);
  return result;
}
