import pino, { type Logger } from 'pino';
import { ConfigError, redacted } from './config.ts';

export type { Logger };

/** A started process: how to stop it, in order, finishing what is under way. */
export type Running = { stop: () => Promise<void> };

/** Time for a graceful stop; the supervisor sends SIGKILL later than this. */
const STOP_LIMIT_MS = 10_000;

/**
 * Runs a service until SIGINT, SIGTERM or the end of its supervisor, says `{ready: true}` to a supervisor once started,
 * and never shows a person a stack trace: a failure at start is one line and exit status 1.
 */
export async function runService<C extends { logLevel: string }>(
  name: string,
  load: (env: NodeJS.ProcessEnv) => C,
  start: (config: C, log: Logger, fail: (error: unknown) => void) => Promise<Running>,
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
    const running = await start(config, log, fail);
    stopOnSignals(running, log, fail);
    log.info('ready');
    process.send?.({ ready: true });
  } catch (error) {
    fail(error);
  }
}

function stopOnSignals(running: Running, log: Logger, fail: (error: unknown) => void): void {
  let stopping = false;
  const stop = (cause: string) => {
    if (stopping) return;
    stopping = true;
    log.info(`stopping (${cause})`);
    setTimeout(() => fail(new Error(`did not stop within ${STOP_LIMIT_MS} ms`)), STOP_LIMIT_MS).unref();
    running.stop().then(() => process.exit(0), fail);
  };
  process.once('SIGINT', () => stop('SIGINT'));
  process.once('SIGTERM', () => stop('SIGTERM'));
  if (process.send) process.once('disconnect', () => stop('supervisor is gone'));
}

/** The message of an error and of its causes, in one line. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && !error.message) return error.errors.map(describe).join('; ');
  return error.cause === undefined ? error.message : `${error.message}: ${describe(error.cause)}`;
}
