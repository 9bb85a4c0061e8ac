import { defineConfig } from 'vitest/config';

const notOurs = ['**/node_modules/**', '.krypton/**'];

/**
 * Where a test stands says what it needs. In `test/` itself, or named `*.chain.test.ts`: a node, Postgres and Redis. In
 * `test/browser/`: a Chromium. In `web/test/`: that and a node. Anywhere else: nothing but Node.js, so that it runs in seconds.
 */
const needsChain = ['test/*.test.ts', '**/*.chain.test.ts'];
const needsBrowser = ['test/browser/**/*.test.ts'];
const needsPages = ['web/test/**/*.test.ts'];

export default defineConfig({
  test: {
    // Processes, not threads: a test may end one, and native modules keep to themselves.
    pool: 'forks',
    // The node, Postgres and Redis want their share of the machine too.
    maxWorkers: 2,
    // A transaction is in a block after 0.1 .. 0.3 s; a test that needs more says so itself.
    testTimeout: 20_000,
    // Making a database, deploying a contract, starting a browser: some seconds on a busy machine.
    hookTimeout: 60_000,
    // Stopping Postgres may take as long as its stop is allowed to (stack/postgres.ts).
    teardownTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...notOurs, ...needsChain, ...needsBrowser, ...needsPages],
          // Half the time is for loading modules, where each file loads them anew.
          isolate: false,
          // Some wait for a clock. So many workers of its own come after all others.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'chain',
          include: needsChain,
          exclude: notOurs,
          globalSetup: ['test/harness/global-setup.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: needsBrowser,
          exclude: notOurs,
          globalSetup: ['test/browser/global-setup.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'web',
          include: needsPages,
          exclude: notOurs,
          globalSetup: ['test/browser/global-setup.ts', 'test/harness/global-setup.ts', 'web/test/global-setup.ts'],
        },
      },
    ],
  },
});
