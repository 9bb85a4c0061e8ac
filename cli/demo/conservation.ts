import { setTimeout as sleep } from 'node:timers/promises';
import { readHeight } from '../../chain/blocks.ts';
import { readGasBalance } from '../../chain/gas.ts';
import type { Rpc } from '../../chain/rpc.ts';
import { asInteger } from '../../protocol/contract/stack-item.ts';
import type { ScriptHash } from '../../protocol/types/hash.ts';
import type { Height } from '../../protocol/types/height.ts';
import type { Chain } from '../connect.ts';
import { Refusal } from '../refusal.ts';

/** The law of the contract at one height, every figure read from the chain itself. */
export type Conservation = {
  height: Height;
  /** GAS that the contract holds. */
  held: bigint;
  accounts: number;
  balances: bigint;
  openEscrows: number;
  /** amount - spent, over all open escrows. */
  reserved: bigint;
};

/** A block may come while we read: then what was read is of two heights, and is read again. */
const MAX_TRIES = 10;

export async function readConservation(chain: Chain): Promise<Conservation> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const height = await readHeight(chain.rpc);
    const sums = await readSums(chain);
    if ((await readHeight(chain.rpc)) === height) return { height, ...sums };
    await sleep(100);
  }
  throw new Refusal(`the chain grew each of ${MAX_TRIES} times that it was read: the conservation law can't be shown`);
}

async function readSums({ rpc, contract, reader }: Chain): Promise<Omit<Conservation, 'height'>> {
  const [held, balances, terms] = await Promise.all([
    readGasBalance(rpc, contract),
    readStorage(rpc, contract, 'b'),
    readStorage(rpc, contract, 'e'),
  ]);
  const escrows = await Promise.all(terms.map(({ key }) => reader.escrow(integerOf(key.subarray(1)))));
  return {
    held,
    accounts: balances.length,
    balances: balances.reduce((sum, { value }) => sum + integerOf(value), 0n),
    openEscrows: escrows.length,
    reserved: escrows.reduce((sum, escrow) => sum + (escrow ? escrow.amount - escrow.spent : 0n), 0n),
  };
}

const integerOf = (bytes: Buffer) => asInteger({ type: 'ByteString', value: bytes.toString('base64') });

/** All entries under a prefix of the contract's storage (contract/doc.go): nobody's balance can be left out. */
async function readStorage(rpc: Rpc, contract: ScriptHash, prefix: string): Promise<{ key: Buffer; value: Buffer }[]> {
  const entries: { key: Buffer; value: Buffer }[] = [];
  for (let start = 0; ; ) {
    const page = await rpc.call('findstorage', [contract, Buffer.from(prefix).toString('base64'), start]);
    for (const { key, value } of page.results)
      entries.push({ key: Buffer.from(key, 'base64'), value: Buffer.from(value, 'base64') });
    if (!page.truncated) return entries;
    start = page.next;
  }
}
