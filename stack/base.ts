import { type Reading, readNode, readPostgres, readRedis, type Terminal } from './console.ts';
import type { Folder } from './folder.ts';
import type { Starter } from './keep.ts';
import { provideNeoGo } from './neo-go.ts';
import { nodeAnswers, planNode } from './node.ts';
import type { NodePace } from './node-config.ts';
import { type PartPlan, startPart, waitUntilReady } from './part.ts';
import { createDatabase, type PostgresPace, planPostgres, postgresAnswers } from './postgres.ts';
import { planRedis, type RedisPace, redisAnswers } from './redis.ts';
import type { State } from './state.ts';

/** Recovery after a crash reads what the last checkpoint did not hold: seconds; a minute bounds a hung part. */
const readyTimeoutMs = 60_000;

/** The three parts that are not ours, and how each is started: for `npm start` and for tests. */
export interface Base {
  readonly folder: Folder;
  readonly state: State;
  readonly terminal: Terminal;
}

export function nodeStarter({ folder, state, terminal }: Base, pace: NodePace): Starter {
  return async (begun) => {
    const neoGo = await provideNeoGo(terminal.as('node'));
    const plan = await planNode(folder, state, neoGo, pace);
    await bringUp(plan, readNode, terminal, () => nodeAnswers(state), begun);
  };
}

export function postgresStarter({ folder, state, terminal }: Base, pace: PostgresPace): Starter {
  return async (begun) => {
    const plan = await planPostgres(folder, state, pace);
    await bringUp(plan, readPostgres, terminal, () => postgresAnswers(state), begun);
    await createDatabase(state, 'krypton');
  };
}

export function redisStarter({ folder, state, terminal }: Base, pace: RedisPace): Starter {
  return async (begun) => {
    const plan = await planRedis(folder, state, pace, terminal.as('redis'));
    await bringUp(plan, readRedis, terminal, () => redisAnswers(state), begun);
  };
}

/**
 * Starts a part, shows what it says that is worth showing, and waits until it answers (or reports) that it is ready.
 */
export async function bringUp(
  plan: PartPlan,
  reading: Reading,
  terminal: Terminal,
  answers: (() => Promise<boolean>) | undefined,
  begun: Parameters<Starter>[0],
): Promise<void> {
  const say = terminal.as(plan.name);
  const part = startPart(plan, (line) => {
    const readable = reading(line);
    if (readable) say(readable.message, readable.level);
  });
  begun(part);
  await waitUntilReady(part, answers ?? (async () => part.hasReportedReady()), readyTimeoutMs);
}
