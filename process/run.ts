import pino, { type Logger } from 'pino';
import { ConfigError, redacted } from './config.ts';
import { describe } from './describe.ts';
import { type Health, noHealth, serveHealth } from './health.ts';

export type { Logger };
export { describe };

/** A started process: how to stop it, in order, finishing what is under way. */
export type Running = { stop: () => Promise<void> };

/** Time for a graceful stop; the supervisor sends SIGKILL later than this. */
const STOP_LIMIT_MS = 10_000;

/** What all services are told; only those that serve nothing else have a port for their health. */
type Common = { logLevel: string; healthHost?: string; healthPort?: number | undefined };

/**
 * Runs a service until SIGINT, SIGTERM or the end of its supervisor, says `{ready: true}` to a supervisor once started,
 * and never shows a person a stack trace: a failure at start is one line and exit status 1.
 */
export async function runService<C extends Common>(
  name: string,
  load: (env: NodeJS.ProcessEnv) => C,
  start: (config: C, log: Logger, fail: (error: unknown) => void, health: Health) => Promise<Running>,
): Promise<void> {
  let log = pino({ base: { service: name } });
  const fail = (error: unknown) => {
    log.fatal(error instanceof ConfigError ? error.message : describe(error));
    log.debug(error);
    process.exit(1);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  try {
    const config = load(process.env);
    log = pino({ base: { service: name }, level: config.logLevel });
    log.info({ config: redacted(config) }, 'starting');
    const { healthHost = '127.0.0.1', healthPort } = config;
    const started: { running?: Running } = {};
    stopOnSignals(started, log, fail);
    const health = healthPort === undefined ? noHealth : await serveHealth({ host: healthHost, port: healthPort }, log);
    started.running = await start(config, log, fail, health);
    log.info('ready');
    process.send?.({ ready: true });
  } catch (error) {
    fail(error);
  }
}

/** Also while it still waits for what it needs: then nothing is under way, and it just ends. */
function stopOnSignals(started: { running?: Running }, log: Logger, fail: (error: unknown) => void): void {
  let stopping = false;
  const stop = (cause: string) => {
    if (stopping) return;
    stopping = true;
    log.info(`stopping (${cause})`);
    if (!started.running) process.exit(0);
    setTimeout(() => fail(new Error(`did not stop within ${STOP_LIMIT_MS} ms`)), STOP_LIMIT_MS).unref();
    started.running.stop().then(() => process.exit(0), fail);
  };
  process.once('SIGINT', () => stop('SIGINT'));
  process.once('SIGTERM', () => stop('SIGTERM'));
  if (process.send) process.once('disconnect', () => stop('supervisor is gone'));
}
