import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', '.krypton/**'],
    globalSetup: ['test/harness/global-setup.ts'],
    // Processes, not threads: a test may end one, and native modules keep to themselves.
    pool: 'forks',
    // The node, Postgres and Redis want their share of the machine too.
    maxWorkers: 2,
    // A transaction is in a block after 0.1 .. 0.3 s; a test that needs more says so itself.
    testTimeout: 20_000,
    // Making a database, deploying a contract: some seconds on a busy machine.
    hookTimeout: 60_000,
    // Stopping Postgres may take as long as its stop is allowed to (stack/postgres.ts).
    teardownTimeout: 30_000,
  },
});
