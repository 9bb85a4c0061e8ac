import { createRpc } from '../chain/rpc.ts';
import { gasBalance, openTreasury, payGas, provideAccount } from './accounts.ts';
import type { Say } from './console.ts';
import type { Folder } from './folder.ts';
import { nodeUrls } from './node.ts';
import type { State } from './state.ts';

/** What a fresh devnet gives its two accounts: the owner deploys for some 10 GAS, the operator pays for thousands of settlements. */
const fundsGas = 10_000n;
const enoughDatoshi = 100_00000000n;

export interface SetUp {
  readonly contract: string;
  readonly deployedAt: number;
  readonly operator: string;
}

/** What must stand before the services start. Each step finds what an earlier start has done already and leaves it. */
export async function setUp(folder: Folder, state: State, _postgres: string, say: Say): Promise<SetUp> {
  const rpc = createRpc([nodeUrls(state).rpc]);
  const [owner, operator] = await Promise.all([provideAccount(folder, 'owner'), provideAccount(folder, 'operator')]);

  await step(say, 'accounts of owner and operator', async () => {
    const balances = await Promise.all([owner, operator].map(({ address }) => gasBalance(rpc, address)));
    if (balances.every((balance) => balance >= enoughDatoshi)) return;
    const payments = [owner, operator].map(({ address }) => ({ to: address, gas: fundsGas }));
    await payGas(rpc, state.network, await openTreasury(folder), payments);
  });
  return { contract: `0x${'0'.repeat(40)}`, deployedAt: 0, operator: operator.address };
}

export async function step<T>(say: Say, what: string, work: () => Promise<T>): Promise<T> {
  const begin = performance.now();
  const result = await work();
  say(`${what}: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  return result;
}
