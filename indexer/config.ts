import { loadConfig } from '../process/config.ts';
import { settings, wholeNumber } from '../process/settings.ts';

export type Config = ReturnType<typeof loadIndexerConfig>;

export function loadIndexerConfig(env: NodeJS.ProcessEnv) {
  const { databaseUrl, rpcUrl, network, contract, healthHost, healthPort, logLevel } = settings;
  /** Height of the block in which the contract was deployed: nothing of interest lies before it. */
  const deployedAt = wholeNumber('the height of the deployment', { min: 0, max: 0xffff_ffff }).default(0);
  return loadConfig({ databaseUrl, rpcUrl, network, contract, deployedAt, healthHost, healthPort, logLevel }, env);
}
