import { expect, test } from 'vitest';
import type { Block } from '../../chain/blocks.ts';
import { NodeUnavailable } from '../../chain/errors.ts';
import type { EscrowRecord } from '../../chain/read.ts';
import type { Rpc } from '../../chain/rpc.ts';
import { height } from '../../protocol/types/height.ts';
import { createChainView } from './chain-view.ts';

/** Two nodes; what is read is what the one that is used knows at its height. */
function world() {
  const state = { used: 'a', heads: { a: 10, b: 10 } as Record<string, number>, asked: 0 };
  const node = (name: string) => {
    const call = async () => {
      state.asked += 1;
      return (state.heads[name] as number) + 1;
    };
    return { name, call };
  };
  const blockAt = (at: number) =>
    ({ height: at, hash: `h${at}`, previousHash: `h${at - 1}`, time: 0, notifications: [] }) as unknown as Block;
  const view = createChainView(
    {
      rpc: { use: (work: (node: unknown) => unknown) => work(node(state.used)) } as unknown as Rpc,
      reader: {
        registrations: async () => [],
        escrow: async () => ({ spent: BigInt(state.heads[state.used] as number) }) as EscrowRecord,
        escrowsOf: async () => [],
      },
      readBlocks: async (_, from, count) => Array.from({ length: count }, (_each, i) => blockAt(from + i)),
      begin: async () => {},
      onEvent: () => {},
      onBlock: () => {},
    },
    { height: height(10), hash: 'h10' },
  );
  const spent = async () => Number((await view.escrow(1n))?.spent);
  return { state, view, spent };
}

test('what a node answered that was behind is not kept once it has caught up', async () => {
  const { state, view, spent } = world();
  state.heads = { a: 12, b: 10 };
  await view.sync();
  state.used = 'b';
  expect(await spent()).toBe(10);
  await expect(view.sync()).rejects.toThrow(NodeUnavailable);
  expect(await spent()).toBe(10);
  state.heads = { a: 12, b: 12 };
  await view.sync();
  expect(await spent()).toBe(12);
});

test('what a node answered before it was followed is asked anew', async () => {
  const { state, view, spent } = world();
  await view.sync();
  state.used = 'b';
  state.heads = { a: 10, b: 9 };
  expect(await spent()).toBe(9);
  state.heads = { a: 10, b: 10 };
  await view.sync();
  expect(await spent()).toBe(10);
});

test('who decides right after another one asks nobody; and a little later sees what there is by then', async () => {
  const { state, view } = world();
  expect(await view.recent()).toBe(10);
  await Promise.all([view.recent(), view.recent()]);
  expect(state.asked).toBe(1);
  state.heads.a = 12;
  expect(await view.sync()).toBe(12); // who follows the chain is told always
  state.heads.a = 13;
  await expect.poll(() => view.recent()).toBe(13);
});
