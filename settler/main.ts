import { readFile } from 'node:fs/promises';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { type Account, openWalletFile } from '../chain/account.ts';
import { NodeUnavailable } from '../chain/errors.ts';
import { watchHeads } from '../chain/heads.ts';
import { checkNetwork, createRpc, readVersion } from '../chain/rpc.ts';
import { createDatabase } from '../database/connection.ts';
import { isDatabaseUnavailable } from '../database/errors.ts';
import { defaultPrefix, type JobName, jobs, settlerQueue } from '../database/queues.ts';
import { ConfigError } from '../process/config.ts';
import { describe, type Logger, type Running, runService } from '../process/run.ts';
import { type Config, loadSettlerConfig } from './config.ts';
import { confirm } from './confirm.ts';
import type { Deps } from './deps.ts';
import { rateCdrs } from './intake.ts';
import { findWork, reopenLost } from './recover.ts';
import { settle } from './settle.ts';

/** Rounds over Postgres: what a lost job would have said is found this late at the most. */
const ROUND_MS = 2_000;
/** A killed settler's job is taken over this late; nothing depends on it, as the rounds find the same work. */
const STALLED_MS = 5_000;
const SAME_JOB_MS = 500;
/** Rating waits for Postgres, the two others for the chain: one does not hold up the other. */
const JOBS_AT_A_TIME = 3;

async function start(config: Config, log: Logger, fail: (error: unknown) => void): Promise<Running> {
  const rpc = createRpc(config.rpcUrl);
  await checkNetwork(rpc, config.network);
  const { msPerBlock } = await readVersion(rpc);
  const signer = await openSigner(config);
  const db = createDatabase(config.databaseUrl, 'settler');
  const { network, contract, validForBlocks, feePerTransactionLimit, feePerHourLimit } = config;
  const policy = {
    amount: config.settleAmount,
    maxAgeMs: config.settleMaxAgeMs,
    beforeDeadlineMs: config.settleBeforeDeadlineMs,
  };
  const deps: Deps = {
    db,
    rpc,
    network,
    contract,
    signer,
    policy,
    validForBlocks,
    feePerTransactionLimit,
    feePerHourLimit,
    log,
  };
  log.info({ operator: signer.address }, 'settling for providers that named this operator');

  const connection = new Redis(config.redisUrl, { maxRetriesPerRequest: null });
  connection.on('error', reportOnce(log, 'Redis'));
  // Queueing fails at once while Redis is away: the next round finds the same work.
  const queueing = new Redis(config.redisUrl, { maxRetriesPerRequest: 1, enableOfflineQueue: false });
  queueing.on('error', reportOnce(log, 'Redis'));
  const queue = new Queue(settlerQueue, { connection: queueing, prefix: defaultPrefix });
  queue.on('error', reportOnce(log, 'Redis'));
  const worker = new Worker(settlerQueue, (job) => perform(deps, job.name as JobName, job.data), {
    connection,
    prefix: defaultPrefix,
    concurrency: JOBS_AT_A_TIME,
    stalledInterval: STALLED_MS,
  });
  worker.on('error', reportOnce(log, 'Redis'));
  worker.on('failed', (job, error) => log.warn(`${job?.name}: ${describe(error)}; it is tried again`));

  const heads = watchHeads(rpc.wsUrl, { pollMs: Math.min(ROUND_MS, msPerBlock) });
  const stopping = new AbortController();
  const rounds = runRounds(deps, queue, heads, stopping.signal);
  rounds.catch(fail);
  return {
    stop: async () => {
      stopping.abort();
      heads.close();
      await rounds;
      await worker.close();
      await queue.close();
      connection.disconnect();
      queueing.disconnect();
      await db.destroy();
    },
  };
}

async function perform(deps: Deps, name: JobName, data: unknown): Promise<void> {
  switch (name) {
    case 'rate':
      await rateCdrs(deps, jobs.rate.parse(data).cdrIds.map(BigInt));
      return;
    case 'settle':
      await settle(deps);
      return;
    case 'confirm':
      await confirm(deps);
      return;
    default:
      throw new Error(`there is no job '${name satisfies never}'`);
  }
}

/** With each new block, and at least every ROUND_MS, queues what Postgres says is to be done. */
async function runRounds(
  deps: Deps,
  queue: Queue,
  heads: { next(): Promise<void> },
  signal: AbortSignal,
): Promise<void> {
  const complain = reportOnce(deps.log, 'a round');
  let everything = true;
  while (!signal.aborted) {
    const woken = heads.next();
    try {
      await reopenLost(deps);
      const work = await findWork(deps, { everything });
      if (work.cdrIds.length > 0) await add(queue, 'rate', { cdrIds: work.cdrIds.map(String) });
      if (work.payable) await add(queue, 'settle', {});
      if (work.sealed) await add(queue, 'confirm', {});
      everything = work.cdrIds.length > 0 && everything;
    } catch (error) {
      if (!isPassing(error)) throw error;
      complain(error);
    }
    await woken;
  }
}

/** Node, Postgres or Redis is away: the next round tries again. */
function isPassing(error: unknown): boolean {
  return error instanceof NodeUnavailable || isDatabaseUnavailable(error) || error instanceof QueueUnavailable;
}

class QueueUnavailable extends Error {
  override name = 'QueueUnavailable';
}

/**
 * One of a kind in a while is enough: each looks at everything that is due. By time, not until the job is done: the job of
 * a settler that was killed would hold up all others.
 */
async function add(queue: Queue, name: JobName, data: object): Promise<void> {
  try {
    await queue.add(name, data, {
      deduplication: { id: name, ttl: SAME_JOB_MS },
      removeOnComplete: true,
      removeOnFail: true,
    });
  } catch (error) {
    throw new QueueUnavailable(`Redis: ${describe(error)}`);
  }
}

async function openSigner({ wallet, walletPassword, walletPasswordFile }: Config): Promise<Account> {
  if (walletPassword !== undefined) return openWalletFile(wallet, walletPassword);
  if (walletPasswordFile === undefined)
    throw new ConfigError('KRYPTON_WALLET_PASSWORD_FILE: expected the file that holds the password of KRYPTON_WALLET');
  const password = await readFile(walletPasswordFile, 'utf8').catch((error) => {
    throw new ConfigError(`KRYPTON_WALLET_PASSWORD_FILE: can't be read: ${describe(error)}`);
  });
  return openWalletFile(wallet, password.trim());
}

/** The same trouble is said once, not at each attempt. */
function reportOnce(log: Logger, what: string): (error: unknown) => void {
  let last = '';
  return (error) => {
    const message = describe(error);
    if (message !== last) log.warn(`${what}: ${message}`);
    last = message;
  };
}

await runService('settler', loadSettlerConfig, start);
