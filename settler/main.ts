import { readFile } from 'node:fs/promises';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { NodeUnavailable } from '../chain/errors.ts';
import { watchHeads } from '../chain/heads.ts';
import { createRpc, readVersion } from '../chain/rpc.ts';
import { openWalletFile } from '../chain/wallet-file.ts';
import { createDatabase } from '../database/connection.ts';
import { waitUntilUsable } from '../database/first-contact.ts';
import { defaultPrefix, isReadOnly, settlerQueue } from '../database/queues.ts';
import { ConfigError } from '../process/config.ts';
import type { Health } from '../process/health.ts';
import { reportNodes } from '../process/nodes.ts';
import { Outage } from '../process/outage.ts';
import { describe, type Logger, type Running, runService } from '../process/run.ts';
import { waitFor } from '../process/wait.ts';
import type { Signer } from '../protocol/sign/signer.ts';
import { createBell } from './bell.ts';
import { type Config, loadSettlerConfig } from './config.ts';
import type { Deps } from './deps.ts';
import { healthChecks } from './health.ts';
import { createPulse } from './pulse.ts';
import { createRefundJobs } from './refunds/jobs.ts';
import { loops, ROUND_MS, runRounds } from './rounds.ts';

/** A killed settler's job is taken over this late; nothing depends on it, as the rounds find the same work. */
const STALLED_MS = 5_000;

async function start(config: Config, log: Logger, fail: (error: unknown) => void, health: Health): Promise<Running> {
  const signer = await openSigner(config); // before all waiting: a wrong password is told at once
  const rpc = createRpc(config.rpcUrl, { network: config.network, report: reportNodes(log) });
  const isNodeAway = (error: unknown) => error instanceof NodeUnavailable;
  const { msPerBlock, validators } = await waitFor(log, 'a node', isNodeAway, () => readVersion(rpc));
  const db = createDatabase(config.databaseUrl, 'settler');
  await waitUntilUsable(db, log);
  const { network, contract, validForBlocks, feePerTransactionLimit, feePerHourLimit } = config;
  const policy = {
    amount: config.settleAmount,
    minAmount: config.settleMinAmount,
    maxAgeMs: config.settleMaxAgeMs,
    beforeDeadlineMs: config.settleBeforeDeadlineMs,
  };
  const deps: Deps = {
    db,
    rpc,
    network,
    contract,
    signer,
    providers: config.settleProviders,
    policy,
    minFees: config.settleMinFees,
    resting: new Map(),
    mayRollBack: validators === 1,
    validForBlocks,
    feePerTransactionLimit,
    feePerHourLimit,
    refundMinFees: config.refundMinFees === 'off' ? null : config.refundMinFees,
    restingRefunds: new Map(),
    log,
  };
  log.info({ operator: signer.address }, 'settling for providers that named this operator');

  const connection = new Redis(config.redisUrl, { maxRetriesPerRequest: null, reconnectOnError: isReadOnly });
  const outage = new Outage(log, 'Redis is away');
  connection.on('ready', () => outage.end());
  connection.on('error', (error) => outage.report(error));
  const bell = createBell();
  const worker = new Worker(settlerQueue, async () => bell.ring(), {
    connection,
    prefix: defaultPrefix,
    stalledInterval: STALLED_MS,
  });
  worker.on('error', (error) => outage.report(error));
  worker.on('failed', (job, error) => log.warn(`${job?.name}: ${describe(error)}; the next round tries again`));

  const report = (error: unknown) => outage.report(error);
  const refundJobs = createRefundJobs(deps, { connection, msPerBlock, report });

  const heads = watchHeads(rpc.socket, { pollMs: Math.min(ROUND_MS, msPerBlock) });
  const stopping = new AbortController();
  const pulse = createPulse(loops);
  const rounds = runRounds(deps, { heads, bell }, stopping.signal, refundJobs, pulse);
  rounds.catch(fail);
  health.begin(healthChecks(deps, connection, pulse));
  return {
    stop: async () => {
      stopping.abort();
      heads.close();
      await rounds;
      await Promise.all([worker.close(), refundJobs.close()]);
      connection.disconnect();
      await db.destroy();
    },
  };
}

async function openSigner({ wallet, walletPassword, walletPasswordFile }: Config): Promise<Signer> {
  if (walletPassword !== undefined) return openWalletFile(wallet, walletPassword);
  if (walletPasswordFile === undefined)
    throw new ConfigError('KRYPTON_WALLET_PASSWORD_FILE: expected the file that holds the password of KRYPTON_WALLET');
  const password = await readFile(walletPasswordFile, 'utf8').catch((error) => {
    throw new ConfigError(`KRYPTON_WALLET_PASSWORD_FILE: can't be read: ${describe(error)}`);
  });
  return openWalletFile(wallet, password.trim());
}

await runService('settler', loadSettlerConfig, start);
