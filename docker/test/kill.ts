import { setTimeout as sleep } from 'node:timers/promises';
import { Trouble } from '../../stack/trouble.ts';
import type { Engine } from './engine.ts';
import type { Project } from './project.ts';

/**
 * Ends a container's first process as a crash does: what `docker kill` ends was meant to end, and is not started again.
 * Where its processes are not this machine's, that has to do, and a start by hand.
 */
async function crash(engine: Engine, container: string): Promise<void> {
  if (engine.isOurs) {
    const pid = Number(await engine.docker('inspect', '--format', '{{.State.Pid}}', container));
    if (!(pid > 1)) throw new Trouble(`${container} does not run`);
    process.kill(pid, 'SIGKILL');
    return;
  }
  await engine.docker('kill', container);
  await engine.docker('start', container);
}

const FAILOVER_LIMIT_MS = 60_000;
const POLL_MS = 200;

/** Crashes the indexer that leads. Answers after how many seconds the one that stood by leads, by its own log. */
export async function failOver(engine: Engine, project: Project): Promise<number> {
  const indexers = (await project.containers()).filter((name) => name.includes('indexer'));
  const roles = await Promise.all(indexers.map(async (name) => ({ name, role: (await project.readiness(name)).role })));
  const [leaders, standbys] = ['leads', 'stands by'].map((wanted) => roles.filter(({ role }) => role === wanted));
  const [leader, standby] = [leaders?.[0]?.name, standbys?.[0]?.name];
  if (!leader || !standby)
    throw new Trouble(`expected one that leads and one that stands by: ${JSON.stringify(roles)}`);
  const crashedAt = Date.now();
  await crash(engine, leader);
  while (Date.now() - crashedAt < FAILOVER_LIMIT_MS) {
    const log = await engine.docker('logs', '--since', new Date(crashedAt).toISOString(), standby);
    const leadsAt = log
      .split('\n')
      .map(leadingSince)
      .find((at) => at !== undefined && at >= crashedAt);
    if (leadsAt !== undefined) return (leadsAt - crashedAt) / 1000;
    await sleep(POLL_MS);
  }
  throw new Trouble(`${standby} does not lead within ${FAILOVER_LIMIT_MS / 1000} s`);
}

function leadingSince(line: string): number | undefined {
  if (!line.startsWith('{')) return undefined;
  const { msg, time } = JSON.parse(line) as { msg?: string; time?: number };
  return msg === 'indexing' ? time : undefined;
}

/** When in the course of the demo each service is killed: when it has most to lose. By the beginning of a line. */
const moments: Record<string, { line: string; thenMs: number }> = {
  // The demo's accounts and escrows are on the chain's disk by then: the node writes once a second.
  'neo-go': { line: 'are open; calls', thenMs: 3_000 },
  postgres: { line: 'are open; calls', thenMs: 1_000 },
  valkey: { line: 'are open; calls', thenMs: 1_000 },
  proxy: { line: 'are open; calls', thenMs: 1_000 },
  indexer: { line: 'their records handed in', thenMs: 500 },
  settler: { line: 'their records handed in', thenMs: 2_000 },
  api: { line: 'their records handed in', thenMs: 500 },
};

/** Crashes a container in the middle of a demo, which has to end as computed all the same. Answers how long that took. */
export async function crashDuringDemo(engine: Engine, project: Project, container: string): Promise<number> {
  const moment = Object.entries(moments).find(([service]) => container.includes(service))?.[1];
  if (!moment) throw new Trouble(`${container} is of no service that is known here`);
  const begin = performance.now();
  let crashed: Promise<void> | undefined;
  const output = await project.follow(['run', '--rm', '-T', 'cli', 'krypton', 'demo'], (line) => {
    if (line.includes(moment.line)) crashed = sleep(moment.thenMs).then(() => crash(engine, container));
  });
  if (!crashed) throw new Trouble(`the demo never came to "${moment.line}": ${output.slice(-400)}`);
  await crashed;
  if (!output.includes('All is as computed.'))
    throw new Trouble(`the demo says nothing of that: ${output.slice(-400)}`);
  return (performance.now() - begin) / 1000;
}
