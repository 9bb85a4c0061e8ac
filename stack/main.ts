import { parseArgs } from 'node:util';
import { parseSettings } from './config.ts';
import { openTerminal, type Say } from './console.ts';
import { createSupervisor, type Supervisor } from './supervisor.ts';
import { inOneLine } from './trouble.ts';

const help = `npm start: the whole of KRYPTON on this machine

A NEO N3 devnet of its own (one node), Postgres, Redis, the contract, the services indexer, settler and api, and the
softphone's page.
What runs where, with passwords and process ids, stands in .krypton/endpoints.json while it is up. Ctrl-C stops all
in order; data stays for the next start. npm run reset removes it.

Settings (environment)
  KRYPTON_DATABASE_URL          use this Postgres instead of starting one
  KRYPTON_REDIS_URL             use this Redis instead of starting one
  KRYPTON_API_HOST, _API_PORT   where the API listens (127.0.0.1, a free port)
  KRYPTON_PHONE_PORT            where the softphone's page is (a free port)
  KRYPTON_LOG_LEVEL             debug | info | warn | error
  KRYPTON_HOME                  where data lies (.krypton)
  KRYPTON_BLOCK_MS              time between blocks (1000); a new chain only
  KRYPTON_EMPTY_BLOCK_MS        ... while there is nothing to put in (5000)
`;

/** npm passes a terminal's Ctrl-C on to us, who had it already: the second within this time is the first one's echo. */
const echoMs = 1_000;
/** How soon after npm was killed we notice. */
const parentPollMs = 500;

const terminal = openTerminal(process.stdout);
const say = terminal.as('stack');

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const supervisor = await createSupervisor(parseSettings(process.env), terminal);
  const failure = await Promise.race([stopRequested(supervisor, say), failureOf(supervisor)]);
  if (failure) say(failure, 'error');
  await supervisor.stop();
  say('stopped');
  return failure ? 1 : 0;
}

/** Resolves with the words for what went wrong; never while all goes well. */
function failureOf(supervisor: Supervisor): Promise<string> {
  return new Promise((resolve) => {
    const fail = (error: unknown) => resolve(inOneLine(error));
    process.on('uncaughtException', fail);
    process.on('unhandledRejection', fail);
    supervisor.bringUp().catch(fail);
  });
}

/** Resolves at the first signal to stop; a second one, unless it is the first one's echo, kills all at once. */
function stopRequested(supervisor: Supervisor, say: Say): Promise<undefined> {
  let firstAt: number | undefined;
  return new Promise((resolve) => {
    const ask = (why: string) => {
      if (firstAt === undefined) {
        firstAt = Date.now();
        say(`${why}: stopping (once more: at once)`);
        resolve(undefined);
      } else if (Date.now() - firstAt > echoMs) {
        supervisor.kill();
        process.exit(1);
      }
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => ask(signal));
    if (process.env.npm_lifecycle_event) onParentGone(() => ask('npm is gone'));
  });
}

/** npm forwards SIGINT and SIGTERM, but not SIGHUP or its own sudden death. */
function onParentGone(gone: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    gone();
  }, parentPollMs);
  timer.unref();
}

main().then(
  (code) => process.exit(code),
  (error) => {
    say(inOneLine(error), 'error');
    process.exit(1);
  },
);
