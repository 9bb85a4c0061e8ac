import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { deployContract, readArtifact } from '../chain/deploy.ts';
import { readGasBalance, transferGas } from '../chain/gas.ts';
import { createRpc, type Rpc } from '../chain/rpc.ts';
import { migrate } from '../database/migrate.ts';
import { contractHashOf } from '../protocol/contract/transaction.ts';
import { datoshi, datoshiPerGas } from '../protocol/types/datoshi.ts';
import { openTreasury, provideAccount } from './accounts.ts';
import type { Say } from './console.ts';
import { type Folder, writePrivately } from './folder.ts';
import { nodeUrls } from './node.ts';
import type { State } from './state.ts';
import { Trouble } from './trouble.ts';

/** What a fresh devnet gives each of its two accounts: a deployment takes some 10 GAS, a settlement less than 0.1. */
const funds = datoshi(10_000n * datoshiPerGas);
const enough = datoshi(100n * datoshiPerGas);

/** The node writes its blocks to disk once a second: a kill -9 before that would take the deployment back. */
const nodeFlushMs = 1_500;

export interface SetUp {
  readonly contract: string;
  /** Height of the block in which the contract came to be: nothing of ours is in an earlier one. */
  readonly deployedAt: number;
  readonly operator: string;
}

/** What must stand before the services start. Each step finds what an earlier start has done already and leaves it. */
export async function setUp(folder: Folder, state: State, postgres: string, say: Say): Promise<SetUp> {
  const rpc = createRpc([nodeUrls(state).rpc]);
  const [onChain] = await Promise.all([
    setUpChain(rpc, folder, state.network, say),
    step(say, 'database schema', () => migrate(postgres, say)),
  ]);
  return onChain;
}

async function setUpChain(rpc: Rpc, folder: Folder, network: number, say: Say): Promise<SetUp> {
  const [owner, operator] = await step(say, 'accounts of owner and operator', async () => {
    const accounts = await Promise.all([provideAccount(folder, 'owner'), provideAccount(folder, 'operator')]);
    const balances = await Promise.all(accounts.map(({ address }) => readGasBalance(rpc, address)));
    if (balances.some((balance) => balance < enough)) {
      const payments = accounts.map(({ address }) => ({ to: address, amount: funds }));
      await transferGas({ rpc, network, signer: await openTreasury(folder) }, payments);
    }
    return accounts;
  });
  const noted = readDeployment(folder);
  if (noted && noted.contract !== contractHashOf(owner.address, await readArtifact())) {
    throw new Trouble(
      'the contract has changed since this devnet was set up: npm run reset, then npm start, begins a new one',
    );
  }
  const { contract, height } = await step(say, 'contract', () => deployContract({ rpc, network, signer: owner }));
  // Unknown when the note is lost: the indexer then begins at block 0, slower and not wrong.
  const deployedAt = height ?? noted?.height ?? 0;
  if (height !== null) await step(say, 'deployment on disk', () => sleep(nodeFlushMs));
  writePrivately(folder.deployment, `${JSON.stringify({ contract, height: deployedAt })}\n`);
  return { contract, deployedAt, operator: operator.address };
}

const deploymentSchema = z.object({ contract: z.string(), height: z.number().int() });

/** The height is known when deploying only, so it is kept. */
function readDeployment(folder: Folder): z.infer<typeof deploymentSchema> | undefined {
  try {
    return deploymentSchema.parse(JSON.parse(readFileSync(folder.deployment, 'utf8')));
  } catch {
    return undefined;
  }
}

export async function step<T>(say: Say, what: string, work: () => Promise<T>): Promise<T> {
  const begin = performance.now();
  const result = await work();
  say(`${what}: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  return result;
}
