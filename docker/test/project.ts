import { setTimeout as sleep } from 'node:timers/promises';
import { repository } from '../../stack/folder.ts';
import { Trouble } from '../../stack/trouble.ts';
import type { Engine } from './engine.ts';

/** A composed stack under a name of its own. */
export type Project = {
  compose(...args: string[]): Promise<string>;
  /** The same, told each line while it comes. */
  follow(args: readonly string[], onLine: (line: string) => void): Promise<string>;
  /** The same, into a file. */
  into(file: string, ...args: string[]): Promise<void>;
  /** The same, from a file. */
  from(file: string, ...args: string[]): Promise<void>;
  /** Names of the containers that are to run for ever, in the order of their services. */
  containers(): Promise<string[]>;
  /** Waits until each of them is healthy; answers after how many seconds. */
  untilHealthy(limitMs?: number): Promise<number>;
  /** One value of Postgres. */
  ask(query: string): Promise<string>;
  /** What a service says of itself, asked within its container. */
  readiness(container: string): Promise<{ status: string; role?: string }>;
};

/** After a crash Docker waits 0.1 s and doubles that at each further one; a check comes each 5 or 10 s. */
const HEALTHY_LIMIT_MS = 180_000;
const POLL_MS = 500;

const services = ['neo-go', 'postgres', 'valkey', 'indexer', 'settler', 'api', 'proxy'];

export function createProject(
  engine: Engine,
  name: string,
  file: string,
  env: NodeJS.ProcessEnv,
  options: readonly string[] = [],
): Project {
  const [program, ...rest] = engine.compose;
  const prefix = [
    ...rest,
    ...options,
    '--project-name',
    name,
    '--project-directory',
    `${repository}/docker`,
    '-f',
    file,
  ];
  const compose = (...args: string[]) => engine.run(program, [...prefix, ...args], { env });

  const containers = async () => {
    const format = '{{.Label "com.docker.compose.service"}} {{.Names}}';
    const filter = `label=com.docker.compose.project=${name}`;
    const lines = (await engine.docker('ps', '--all', '--filter', filter, '--format', format)).split('\n');
    const known = lines
      .map((line) => line.split(' ') as [string, string])
      .filter(([service]) => services.includes(service));
    return known
      .sort(([a, x], [b, y]) => services.indexOf(a) - services.indexOf(b) || x.localeCompare(y))
      .map(([, it]) => it);
  };

  const shell = async (redirected: string, file: string, args: readonly string[]) => {
    await engine.run('sh', ['-c', redirected, file, program, ...prefix, ...args], { env });
  };

  return {
    compose,
    follow: (args, onLine) => engine.follow(program, [...prefix, ...args], env, onLine),
    into: (file, ...args) => shell('"$@" > "$0"', file, args),
    from: (file, ...args) => shell('"$@" < "$0"', file, args),
    containers,
    untilHealthy: async (limitMs = HEALTHY_LIMIT_MS) => {
      const begin = performance.now();
      const names = await containers();
      for (;;) {
        const states = await engine.docker('inspect', '--format', '{{.Name}} {{.State.Health.Status}}', ...names);
        const unwell = states.split('\n').filter((line) => !line.endsWith(' healthy'));
        if (unwell.length === 0) return (performance.now() - begin) / 1000;
        if (performance.now() - begin > limitMs) throw new Trouble(`not healthy: ${unwell.join(', ')}`);
        await sleep(POLL_MS);
      }
    },
    ask: (query) => compose('exec', '-T', 'postgres', 'psql', '-U', 'krypton', '-d', 'krypton', '-qAtc', query),
    readiness: async (container) =>
      JSON.parse(
        await engine
          .docker('exec', container, 'node', 'docker/health-check.ts', '8081')
          .catch(() => '{"status":"unavailable"}'),
      ),
  };
}
