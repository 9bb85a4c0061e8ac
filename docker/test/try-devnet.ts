import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readBlockHash, readHeight } from '../../chain/blocks.ts';
import { createRpc } from '../../chain/rpc.ts';
import { height } from '../../protocol/types/height.ts';
import { repository } from '../../stack/folder.ts';
import { pickPort } from '../../stack/ports.ts';
import { Trouble } from '../../stack/trouble.ts';
import { checkClaims, checkParked, runDemo } from './checks.ts';
import type { Engine } from './engine.ts';
import { crashDuringDemo, failOver } from './kill.ts';
import { createProject, type Project } from './project.ts';

export type Report = {
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
  say(line: string): void;
};

/** A devnet that runs: another stack may be tried against its node. */
export type Devnet = { project: Project; name: string; end: () => Promise<void> };

const name = 'krypton-test';

/** compose.yml from nothing: up, the demo, each container killed, down and up, backup and restore. */
export async function tryDevnet(engine: Engine, { step, say }: Report): Promise<Devnet> {
  const taken = new Set<number>();
  const [apiPort, nodePort] = [await pickPort(taken), await pickPort(taken)];
  const env = { API_PORT: String(apiPort), NODE_PORT: String(nodePort) };
  const project = createProject(engine, name, join(repository, 'docker', 'compose.yml'), env);
  const end = async () => {
    await project.compose('down', '--volumes', '--timeout', '5');
  };
  await end(); // what a killed run left
  try {
    await step('images built', () => project.compose('build'));
    const sizes = await engine.docker(
      'images',
      '--format',
      '{{.Repository}} {{.Size}}',
      '--filter',
      'label=krypton.image',
    );
    for (const size of sizes.split('\n')) say(size);

    await step('the devnet is up from nothing', () => up(project));
    await step('no service has rights, or can write its image', () => checkRights(engine, project));
    await step('demo', () => runDemo(project));
    await step('demo: twice at once', () => Promise.all([runDemo(project), runDemo(project)]));
    const seconds = await step('the indexer that leads is killed', () => failOver(engine, project));
    say(`the other one leads after ${seconds.toFixed(1)} s`);
    await project.untilHealthy();
    for (const container of await project.containers()) {
      await step(`demo while ${container} is killed`, () => crashDuringDemo(engine, project, container));
      say(`all are well again ${(await project.untilHealthy()).toFixed(1)} s later`);
    }
    const claims = await step('no claim is doubled or lost', () => checkClaims(project));
    await step('no escrow is parked', () => checkParked(project));
    say(`${claims} claims were accepted, settled by two settlers`);
    await step('down and up: the same chain and data', () => downAndUp(project, nodePort));
    await step('backup, a new Postgres, restore', () => backUpAndRestore(engine, project));
    return { project, name, end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function up(project: Project): Promise<void> {
  await project.compose('up', '--detach');
  await project.untilHealthy();
}

/** Asked within: what compose was told is not yet what holds. */
async function checkRights(engine: Engine, project: Project): Promise<void> {
  const question =
    'id -u; grep CapEff /proc/self/status; grep NoNewPrivs /proc/self/status; touch /krypton/x 2>&1 || true';
  const own = (await project.containers()).filter((each) => /indexer|settler|api/.test(each));
  for (const container of own) {
    const [user, rights, escalation, written] = (await engine.docker('exec', container, 'sh', '-c', question)).split(
      '\n',
    );
    const isBound = user === '10001' && /\b0+$/.test(rights ?? '') && /\b1$/.test(escalation ?? '');
    if (!isBound || !/read-only/i.test(written ?? ''))
      throw new Trouble(`${container}: ${[user, rights, escalation, written].join(' | ')}`);
  }
}

/** What a stack holds: the chain at its present height, and how much is in the tables that nobody can rebuild. */
async function contents(project: Project): Promise<string> {
  const tables = ['cdrs', 'ratings', 'claims', 'transactions', 'vouchers'];
  const counts = tables.map((table) => `(select count(*) from ${table})`).join(`||' '||`);
  return project.ask(`select network||' '||contract||' '||${counts} from cursor`);
}

async function downAndUp(project: Project, nodePort: number): Promise<void> {
  const rpc = createRpc([`http://127.0.0.1:${nodePort}`]);
  const at = height(await readHeight(rpc));
  const before = [await readBlockHash(rpc, at), await contents(project)];
  await project.compose('down');
  await up(project);
  const after = [await readBlockHash(rpc, at), await contents(project)];
  if (before.join() !== after.join()) throw new Trouble(`before: ${before.join()}; after: ${after.join()}`);
  await runDemo(project);
}

/** As docker/README.md says it, into a Postgres that has lost everything. */
async function backUpAndRestore(engine: Engine, project: Project): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'krypton-backup-'));
  const dump = join(folder, 'krypton.dump');
  try {
    const before = await contents(project);
    await project.into(dump, 'exec', '-T', 'postgres', 'pg_dump', '-U', 'krypton', '-Fc', 'krypton');
    await project.compose('down');
    await engine.docker('volume', 'rm', `${name}_postgres`);
    await project.compose('run', '--rm', '-T', 'set-up');
    const restore = ['pg_restore', '-U', 'krypton', '-d', 'krypton', '--clean', '--if-exists', '--exit-on-error'];
    await project.from(dump, 'exec', '-T', 'postgres', ...restore);
    await up(project);
    const after = await contents(project);
    if (before !== after) throw new Trouble(`before: ${before}; after: ${after}`);
    await runDemo(project);
    await checkClaims(project);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
