import { createBlockReader } from '../chain/blocks.ts';
import { isDeployed } from '../chain/contract.ts';
import { NodeUnavailable } from '../chain/errors.ts';
import { watchHeads } from '../chain/heads.ts';
import { createRpc, readVersion } from '../chain/rpc.ts';
import { createPool, databaseOf } from '../database/connection.ts';
import { waitUntilUsable } from '../database/first-contact.ts';
import { ConfigError } from '../process/config.ts';
import type { Health } from '../process/health.ts';
import { reportNodes } from '../process/nodes.ts';
import { type Logger, type Running, runService } from '../process/run.ts';
import { waitFor } from '../process/wait.ts';
import { type Height, height } from '../protocol/types/height.ts';
import { type Config, loadIndexerConfig } from './config.ts';
import { beginDigests } from './digest-tables.ts';
import { follow } from './follow.ts';
import { healthChecks } from './health.ts';
import { whileLeading } from './lead.ts';
import { boundMemory } from './memory.ts';
import { type Position, readCursor, startCursor } from './store.ts';

async function start(config: Config, log: Logger, fail: (error: unknown) => void, health: Health): Promise<Running> {
  const stopping = new AbortController();
  const rpc = createRpc(config.rpcUrl, { network: config.network, report: reportNodes(log) });
  const { msPerBlock, validators } = await waitFor(log, 'a node', isNodeAway, async () => {
    await rpc.lookAround(); // a node that lags may not have the contract yet
    const version = await readVersion(rpc);
    if (await isDeployed(rpc, config.contract)) return version;
    throw new ConfigError(`KRYPTON_CONTRACT: there is no contract ${config.contract} on this network`);
  });
  const pool = createPool(config.databaseUrl, 'indexer');
  const db = databaseOf(pool);
  await waitUntilUsable(db, log);
  const readBlocks = createBlockReader(config.contract);
  const heads = watchHeads(rpc.socket, { pollMs: Math.max(msPerBlock / 2, MIN_POLL_MS) });

  const checkEvery = config.rpcUrl.length > 1 ? config.rpcCheckEvery : 0;
  let leads = false;
  const lead = async (signal: AbortSignal) => {
    leads = true;
    try {
      const position = await resume();
      log.info({ height: position.height }, 'indexing');
      await follow(
        {
          db,
          rpc,
          readBlocks,
          heads,
          log,
          mayRollBack: validators === 1,
          checkEvery,
          signal,
        },
        position,
      );
    } finally {
      leads = false;
    }
  };

  async function resume(): Promise<Position> {
    const cursor = await readCursor(db);
    if (!cursor) return begin(height(Math.max(config.deployedAt - 1, 0)));
    if (cursor.contract !== config.contract || Number(cursor.network) !== config.network) {
      throw new ConfigError(
        `KRYPTON_DATABASE_URL: this database follows contract ${cursor.contract} on network ${cursor.network}, not ${config.contract} on ${config.network}; ` +
          'use another database, or npm run reset for the local stack',
      );
    }
    const { height: at, hash } = cursor;
    if (await beginDigests(db, at)) log.info({ height: at }, 'the index had no digests: they were made of its tables');
    return { height: at, hash };
  }

  async function begin(at: Height): Promise<Position> {
    const [block] = await rpc.use((node) => readBlocks(node, at, 1));
    if (!block) throw new Error(`the node has no block ${at}`);
    const { hash, previousHash, time } = block;
    const { network, contract, deployedAt } = config;
    await startCursor(db, { height: at, hash, previousHash, time: new Date(time), network, contract, deployedAt });
    return { height: at, hash };
  }

  const finished = whileLeading(pool, log, stopping.signal, lead);
  finished.catch(fail);
  health.begin(healthChecks({ db, rpc }), () => (leads ? 'leads' : 'stands by'));
  return {
    stop: async () => {
      stopping.abort();
      heads.close();
      await finished;
      await db.destroy();
    },
  };
}

const isNodeAway = (error: unknown) => error instanceof NodeUnavailable;

/** A devnet may make blocks faster than is sensible to ask for. */
const MIN_POLL_MS = 200;

boundMemory();
await runService('indexer', loadIndexerConfig, start);
