import { loadConfig } from '../process/config.ts';
import { settings, wholeNumber } from '../process/settings.ts';

export type Config = ReturnType<typeof loadIndexerConfig>;

export function loadIndexerConfig(env: NodeJS.ProcessEnv) {
  const { databaseUrl, rpcUrl, network, contract, healthHost, healthPort, logLevel } = settings;
  /** Height of the block in which the contract was deployed: nothing of interest lies before it. */
  const deployedAt = wholeNumber('the height of the deployment', { min: 0, max: 0xffff_ffff }).default(0);
  /**
   * One of so many blocks is read from all other nodes of KRYPTON_RPC_URL too, and a disagreement stops the indexer: a
   * node that lies can't be found out otherwise. 0: none.
   */
  const rpcCheckEvery = wholeNumber('how often a block is checked with other nodes', {
    min: 0,
    max: 1_000_000,
  }).default(100);
  return loadConfig(
    { databaseUrl, rpcUrl, rpcCheckEvery, network, contract, deployedAt, healthHost, healthPort, logLevel },
    env,
  );
}
