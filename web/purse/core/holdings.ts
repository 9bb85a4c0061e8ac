import { readGasBalance } from '../../../chain/gas.ts';
import type { Node } from '../../../chain/node.ts';
import { createReader, type EscrowRecord, type RegistrationRecord } from '../../../chain/read.ts';
import type { Address } from '../../../protocol/types/address.ts';
import { type Datoshi, datoshi } from '../../../protocol/types/datoshi.ts';
import { type Height, height } from '../../../protocol/types/height.ts';
import type { Chain } from './chain.ts';

export type Escrow = EscrowRecord & { id: bigint };

/** All that the chain holds for an address, as one node tells it. */
export type Holdings = {
  address: Address;
  /** The newest block before it was read. */
  height: Height;
  /** Of that block: what the chain takes for now, give or take a block. */
  time: Date;
  /** GAS of the account itself. */
  own: Datoshi;
  /** Free in the contract. */
  balance: Datoshi;
  /** In escrows, and not spent. */
  reserved: Datoshi;
  /** The newest first. */
  escrows: Escrow[];
  /** The newest first. */
  registrations: RegistrationRecord[];
};

/** Where the first node fails in the middle, the next one begins from the start: nothing is put together of two. */
export function readHoldings({ rpc, contract }: Pick<Chain, 'rpc' | 'contract'>, address: Address): Promise<Holdings> {
  return rpc.use(async (node) => {
    const reader = createReader(oneNode(node), contract);
    const index = (await node.call('getblockcount')) - 1;
    const [{ time }, own, balance, registrations, ids] = await Promise.all([
      node.call('getblockheader', [index, 1]),
      readGasBalance(node, address),
      reader.balanceOf(address),
      reader.registrations(address),
      reader.escrowsOf(address),
    ]);
    const newest = ids.toSorted((a, b) => (a < b ? 1 : -1));
    const records = await Promise.all(newest.map(async (id) => ({ id, record: await reader.escrow(id) })));
    // one that was closed in between is in the balance by now
    const escrows = records.flatMap(({ id, record }) => (record ? [{ ...record, id }] : []));
    const reserved = datoshi(escrows.reduce((sum, { amount, spent }) => sum + amount - spent, 0n));
    return { address, height: height(index), time: new Date(time), own, balance, reserved, escrows, registrations };
  });
}

const oneNode = (node: Node) => ({
  call: node.call,
  use: <T>(work: (node: Node) => Promise<T>): Promise<T> => work(node),
});

export const leftOf = ({ amount, spent }: Pick<Escrow, 'amount' | 'spent'>): Datoshi => datoshi(amount - spent);
