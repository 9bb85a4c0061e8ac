import { bringUp, nodeStarter, postgresStarter, redisStarter } from './base.ts';
import type { Settings } from './config.ts';
import { readService, type Terminal } from './console.ts';
import { endpointsTable, removeEndpoints, writeEndpoints } from './endpoints.ts';
import { type Folder, openFolder } from './folder.ts';
import { type Kept, keepRunning, type Starter } from './keep.ts';
import { clearLeftovers, type Lock, takeLock } from './lock.ts';
import { nodeUrls } from './node.ts';
import { postgresUrl } from './postgres.ts';
import { identify } from './process-id.ts';
import { redisUrl } from './redis.ts';
import { apiAddress, planService, type ServiceName, serviceEnvironment, serviceNames } from './services.ts';
import { type SetUp, setUp, step } from './set-up.ts';
import { rememberState, type State } from './state.ts';

export interface Supervisor {
  /** Rejects when something does not start; the parts that did are then still to be stopped. */
  bringUp(): Promise<void>;
  /** In reverse order, each with its time to end in order. */
  stop(): Promise<void>;
  /** At once. */
  kill(): void;
}

/** BullMQ uses one; Redis' own default. */
const redisDatabases = 16;

export async function createSupervisor(settings: Settings, terminal: Terminal): Promise<Supervisor> {
  const folder = openFolder(settings.home);
  const lock = await takeLock(folder);
  const say = terminal.as('stack');
  const groups: Kept[][] = [];
  let stopping = false;
  let showEndpoints = () => {};

  const noteParts = () => noteProcesses(lock, groups.flat());
  const keepGroup = async (starters: Partial<Record<string, Starter>>) => {
    const group: Kept[] = [];
    groups.push(group);
    for (const [name, start] of Object.entries(starters)) {
      if (stopping || !start) continue;
      group.push(keepRunning({ name, start, say: terminal.as(name), begun: noteParts, up: () => showEndpoints() }));
    }
    const timed = group.map(({ name, ready }) => step(terminal.as(name), 'ready', () => ready));
    // All are waited for, so that a failure of one does not leave another's unheard.
    for (const result of await Promise.allSettled(timed)) if (result.status === 'rejected') throw result.reason;
  };

  return {
    async bringUp() {
      await clearLeftovers(lock, say);
      removeEndpoints(folder);
      const state = await rememberState(folder, say);
      await keepGroup(baseStarters(settings, folder, state, terminal));
      const urls = urlsOf(settings, state);
      const ground = await setUp(folder, state, urls.postgres, say);
      await keepGroup(serviceStarters(settings, folder, state, ground, terminal));
      if (stopping) return;
      const current = () => ({
        ...urls,
        network: state.network,
        contract: ground.contract,
        operator: ground.operator,
        processes: processesOf(groups.flat()),
      });
      showEndpoints = () => writeEndpoints(folder, current());
      showEndpoints();
      say(`ready\n${endpointsTable(folder, current()).join('\n')}`);
    },
    async stop() {
      stopping = true;
      showEndpoints = () => {};
      removeEndpoints(folder);
      for (const group of groups.toReversed()) await Promise.all(group.map((part) => part.stop()));
      lock.note([]);
      lock.release();
    },
    kill() {
      for (const part of groups.flat()) part.kill();
    },
  };
}

function baseStarters(
  settings: Settings,
  folder: Folder,
  state: State,
  terminal: Terminal,
): Partial<Record<string, Starter>> {
  const base = { folder, state, terminal };
  const pace = {
    blockMs: settings.blockMs,
    emptyBlockMs: settings.emptyBlockMs,
    inMemory: false,
  };
  return {
    node: nodeStarter(base, pace),
    ...(settings.databaseUrl ? {} : { postgres: postgresStarter(base, { durable: true }) }),
    ...(settings.redisUrl ? {} : { redis: redisStarter(base, { databases: redisDatabases }) }),
  };
}

function serviceStarters(
  settings: Settings,
  folder: Folder,
  state: State,
  ground: SetUp,
  terminal: Terminal,
): Partial<Record<ServiceName, Starter>> {
  const { host, port } = apiAddress(settings, state.ports.api);
  const ports = { apiPort: port, phonePort: phonePort(settings, state) };
  const around = { ...urlsOf(settings, state), network: state.network, ...ground, apiHost: host, ...ports };
  const starterOf = (name: ServiceName): Starter => {
    const plan = planService(name, folder, serviceEnvironment(name, folder, around));
    return (begun) => bringUp(plan, readService, terminal, undefined, begun);
  };
  return Object.fromEntries(serviceNames.map((name) => [name, starterOf(name)]));
}

function urlsOf(settings: Settings, state: State) {
  const { host, port } = apiAddress(settings, state.ports.api);
  return {
    ...nodeUrls(state),
    api: `http://${host}:${port}`,
    // A name, not a number: a passkey belongs to a name.
    phone: `http://localhost:${phonePort(settings, state)}`,
    postgres: settings.databaseUrl ?? postgresUrl(state),
    redis: settings.redisUrl ?? redisUrl(state),
  };
}

const phonePort = (settings: Settings, state: State): number => settings.phonePort ?? state.ports.phone;

function processesOf(parts: readonly Kept[]): Record<string, number> {
  return Object.fromEntries(parts.map((part) => [part.name, part.readyPid() ?? 0]));
}

function noteProcesses(lock: Lock, parts: readonly Kept[]): void {
  lock.note(parts.map((part) => identify(part.pid() ?? 0)).filter((id) => id !== undefined));
}
