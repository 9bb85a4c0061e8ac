import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import type { Signer } from '../../protocol/sign/signer.ts';
import { addressSchema, hash160Bytes } from '../../protocol/types/address.ts';
import { base64OfBytes, bytesOfHex } from '../../protocol/types/bytes.ts';
import { openTreasury } from '../../stack/accounts.ts';
import { nodeStarter } from '../../stack/base.ts';
import { openFolder, tools } from '../../stack/folder.ts';
import { nodeUrls } from '../../stack/node.ts';
import type { Part } from '../../stack/part.ts';
import { rememberState } from '../../stack/state.ts';
import type { TestChain } from './accounts.ts';

export type OwnNode = {
  chain: TestChain;
  /** The next block is so much later than the one before it, and all that follow are later still. */
  moveTime(ms: number): Promise<void>;
  stop(): Promise<void>;
};

/** A node for one test file alone, whose time may be moved. */
export async function startOwnNode(): Promise<OwnNode> {
  const folder = openFolder(join(tools, `test-node-${process.pid}`));
  const state = await rememberState(folder, () => {});
  const parts: Part[] = [];
  const quiet = { as: () => () => {} };
  const pace = { blockMs: 100, emptyBlockMs: 1_000, inMemory: true };
  await nodeStarter({ folder, state, terminal: quiet }, pace)((begun) => parts.push(begun));
  const validator = await openTreasury(folder);
  const { rpc } = nodeUrls(state);
  const { network } = state;
  return {
    chain: { rpc, network, treasuryKey: bytesToHex(validator.privateKey) },
    moveTime: async (ms) => {
      for (let attempt = 1; ; attempt += 1) {
        const refused = await submitLaterBlock({ rpc, network, validator }, ms);
        if (refused === null) return;
        if (attempt === MAX_ATTEMPTS) throw new Error(`the node takes no block of ours: ${refused}`);
      }
    },
    stop: async () => {
      for (const part of parts) await part.stop();
      rmSync(folder.root, { recursive: true });
    },
  };
}

/** The node may make a block of its own at that very moment. */
const MAX_ATTEMPTS = 10;

const headerSchema = z.object({
  index: z.number(),
  hash: z.string(),
  time: z.number(),
  nextconsensus: addressSchema,
});

/** An empty block, signed by the one validator: the chain asks only that its time be later than the last one's. */
async function submitLaterBlock(
  { rpc, network, validator }: { rpc: string; network: number; validator: Signer },
  ms: number,
): Promise<string | null> {
  const newest = (await ask(rpc, 'getblockcount', [])).result as number;
  const last = headerSchema.parse((await ask(rpc, 'getblockheader', [newest - 1, true])).result);
  const header = concatBytes(
    new Uint8Array(4), // version
    bytesOfHex(last.hash.slice(2)).reverse(),
    new Uint8Array(32), // Merkle root of no transactions
    littleEndian(last.time + ms, 8),
    new Uint8Array(8), // nonce
    littleEndian(last.index + 1, 4),
    Uint8Array.of(0), // the primary validator
    hash160Bytes(last.nextconsensus),
  );
  const signature = await validator.sign(concatBytes(littleEndian(network, 4), sha256(header)));
  const script = validator.verificationScript;
  const witness = concatBytes(Uint8Array.of(1, 66, 0x0c, 64), signature, Uint8Array.of(script.length), script);
  const block = concatBytes(header, witness, Uint8Array.of(0)); // no transactions
  const { error } = await ask(rpc, 'submitblock', [base64OfBytes(block)]);
  return error === undefined ? null : JSON.stringify(error);
}

function littleEndian(value: number, bytes: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(value), true);
  return new Uint8Array(view.buffer, 0, bytes);
}

async function ask(rpc: string, method: string, params: unknown[]): Promise<{ result?: unknown; error?: unknown }> {
  const response = await fetch(rpc, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  return (await response.json()) as { result?: unknown; error?: unknown };
}
