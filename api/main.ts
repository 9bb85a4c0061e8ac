// Before all others: schemas that are made earlier have no words for OpenAPI.
import '@hono/zod-openapi';

import { createDatabase } from '../database/connection.ts';
import { refuseUnusable } from '../database/first-contact.ts';
import { reportNodes } from '../process/nodes.ts';
import { type Logger, type Running, runService } from '../process/run.ts';
import { type Config, loadApiConfig } from './config.ts';
import { createStreams } from './events/streams.ts';
import { followHead } from './head.ts';
import { createApp } from './http/app.ts';
import { createFast } from './http/fast.ts';
import { serve } from './http/serve.ts';
import { createAnswerKept } from './kept/answer.ts';
import { createKept } from './kept/kept.ts';
import { createLimits } from './limits/limits.ts';
import { createNodeHeight } from './node-height.ts';
import { connectRedis } from './redis.ts';
import { sweepRegularly } from './sweep.ts';
import { createWake } from './wake.ts';

/** Permissions are decided some at a time, and so many at once. */
const HOT_CONNECTIONS = 4;
/** CDRs are taken in some at a time, and so many at once; one more reads what stood already. */
const INTAKE_CONNECTIONS = 4;
/** Answers by a key take Postgres a tenth of a millisecond to some: a few connections serve thousands a second. */
const FAST_CONNECTIONS = 6;
/** A short answer that takes so long is none; what is slow for a reason asks elsewhere. */
const FAST_LIMIT_MS = 5_000;

await runService('api', loadApiConfig, start);

/**
 * Serves whether or not the stores are there yet, unless a person has to mend the settings first: `/readyz` says so,
 * and each request finds out for itself.
 */
async function start(config: Config, log: Logger): Promise<Running> {
  const { network, contract, corsOrigin } = config;
  const db = createDatabase(config.databaseUrl, 'api');
  const hot = createDatabase(config.databaseUrl, 'api', { purpose: 'hot', max: HOT_CONNECTIONS });
  const intake = createDatabase(config.databaseUrl, 'api', { purpose: 'hot', max: INTAKE_CONNECTIONS });
  const limitMs = FAST_LIMIT_MS;
  const quick = createDatabase(config.databaseUrl, 'api', { purpose: 'hot', max: FAST_CONNECTIONS, limitMs });
  await refuseUnusable(db);
  const head = followHead(config.databaseUrl, db, log);
  const link = connectRedis(config.redisUrl, log);
  const wake = createWake(link, log);
  const limits = createLimits(link, { key: config.apiLimitKey, address: config.apiLimitAddress });
  const kept = createKept({ db: quick, head, log });
  const streams = createStreams({ db, head, log, perClient: config.apiStreamsPerClient });
  const sweep = sweepRegularly(db, log);
  const nodeHeight = createNodeHeight(config.rpcUrl, { network, report: reportNodes(log) });
  const authorities = config.apiAuthority ?? null;
  const app = createApp({
    db,
    hot,
    quick,
    fast: createFast(quick),
    intake,
    head,
    kept,
    wake,
    streams,
    limits,
    proxies: config.apiProxies,
    nodeHeight,
    log,
    network,
    contract,
    corsOrigin,
    authorities,
    now: Date.now,
  });
  const answerKept = createAnswerKept({ kept, limits, proxies: config.apiProxies, corsOrigin });
  const serving = await serve(app, { host: config.apiHost, port: config.apiPort }, answerKept);
  log.info(`listening on ${serving.url}`);
  return {
    stop: async () => {
      const served = serving.stop();
      streams.stop(); // whoever follows events is told to go elsewhere
      kept.close();
      await head.close(); // whoever waits for a block is answered now
      await served;
      limits.stop();
      await Promise.all([wake.close(), sweep.stop()]);
      link.redis.disconnect();
      await Promise.all([db.destroy(), hot.destroy(), quick.destroy(), intake.destroy()]);
    },
  };
}
