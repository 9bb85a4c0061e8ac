import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { TestProject } from 'vitest/node';
import { openTreasury } from '../../stack/accounts.ts';
import { nodeStarter, postgresStarter, redisStarter } from '../../stack/base.ts';
import { openTerminal, type Terminal } from '../../stack/console.ts';
import { openFolder, tools } from '../../stack/folder.ts';
import { type Kept, keepRunning, type Starter } from '../../stack/keep.ts';
import { nodeUrls } from '../../stack/node.ts';
import { postgresUrl } from '../../stack/postgres.ts';
import { redisUrl } from '../../stack/redis.ts';
import { rememberState } from '../../stack/state.ts';

/** What a test is given by `inject('base')`: one node, one Postgres, one Redis for the whole run. */
export interface TestBase {
  readonly rpc: string;
  readonly ws: string;
  readonly network: number;
  /** Private key (hex) of the validator; its 1-of-1 multisig holds all GAS. Not the wallet: opening one takes 0.6 s. */
  readonly treasuryKey: string;
  /** As superuser, without a database: a test makes its own. */
  readonly postgres: string;
  /** Without a database number: a test takes its own. */
  readonly redis: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    base: TestBase;
  }
}

/** A test file takes one database each; a run has some hundred files at most. */
const redisDatabases = 1024;
/** Blocks follow each other quickly, so that a test waits for none; without transactions only now and then. */
const pace = { blockMs: 100, emptyBlockMs: 1_000, inMemory: true };

/** All in a folder of this run and project: two runs at once, and one beside `npm start`, do not meet. */
export default async function startBase(project: TestProject): Promise<() => Promise<void>> {
  const folder = openFolder(join(tools, `test-${process.pid}-${project.name}`));
  const terminal = quietened(openTerminal(process.stderr));
  const state = await rememberState(folder, terminal.as('stack'));
  const base = { folder, state, terminal };
  const keep = (name: string, start: Starter): Kept =>
    keepRunning({ name, start, say: terminal.as(name), begun: () => {}, up: () => {} });
  const parts = [
    keep('node', nodeStarter(base, pace)),
    keep('postgres', postgresStarter(base, { durable: false })),
    keep('redis', redisStarter(base, { databases: redisDatabases })),
  ];
  const tearDown = async () => {
    await Promise.all(parts.map((part) => part.stop()));
    rmSync(folder.root, { recursive: true, force: true });
  };
  try {
    await Promise.all(parts.map((part) => part.ready));
  } catch (error) {
    await tearDown();
    throw error;
  }
  project.provide('base', {
    ...nodeUrls(state),
    network: state.network,
    treasuryKey: bytesToHex((await openTreasury(folder)).privateKey),
    postgres: postgresUrl(state, ''),
    redis: redisUrl(state, 0).replace(/0$/, ''),
  });
  return tearDown;
}

/** Tests provoke warnings and errors of Postgres and the node by intent; only what takes long (a build) is said. */
function quietened(terminal: Terminal): Terminal {
  return {
    as:
      (part) =>
      (message, level = 'info') => {
        if (level === 'info') terminal.as(part)(message);
      },
  };
}
