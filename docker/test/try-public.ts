import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { repository } from '../../stack/folder.ts';
import { pickPort } from '../../stack/ports.ts';
import { Trouble } from '../../stack/trouble.ts';
import { checkParked } from './checks.ts';
import type { Engine } from './engine.ts';
import { envFile, filledIn } from './lint.ts';
import { createProject, type Project } from './project.ts';
import type { Devnet, Report } from './try-devnet.ts';

const name = 'krypton-test-public';

/** compose.public.yml, as docker/README.md goes through it, with the devnet's node as the public network's. */
export async function tryPublic(engine: Engine, devnet: Devnet, { step }: Report): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'krypton-public-'));
  const secrets = join(folder, 'secrets');
  const file = join(folder, 'public.env');
  const httpPort = await pickPort(new Set());
  const options = ['--env-file', file];
  const project = createProject(engine, name, join(repository, 'docker', 'compose.public.yml'), {}, options);
  const node = (await devnet.project.containers()).find((each) => each.includes('neo-go'));
  if (!node) throw new Trouble('the devnet has no node');
  const end = async () => {
    await engine.docker('network', 'disconnect', '--force', `${name}_default`, node).catch(() => ''); // it never was
    await project.compose('down', '--volumes', '--timeout', '5');
    rmSync(folder, { recursive: true });
  };
  try {
    await step('public network: secrets and wallet', () => makeSecrets(engine, secrets));
    const facts = await devnet.project.compose('run', '--rm', '-T', 'cli', 'env');
    const fact = (variable: string) => new RegExp(`^${variable}=(.*)$`, 'm').exec(facts)?.[1] ?? '';
    const own = {
      KRYPTON_RPC_URL: 'http://neo-go:10332',
      KRYPTON_NETWORK: fact('KRYPTON_NETWORK'),
      KRYPTON_CONTRACT: fact('KRYPTON_CONTRACT'),
      KRYPTON_DEPLOYED_AT: fact('KRYPTON_DEPLOYED_AT'),
      KRYPTON_SETTLE_PROVIDERS: fact('KRYPTON_OPERATOR'), // an address that has no calls
      API_SITE: `http://${filledIn.API_AUTHORITY}`,
      HTTP_PORT: String(httpPort),
      HTTPS_PORT: String(await pickPort(new Set([httpPort]))),
      SECRETS: secrets,
    };
    writeFileSync(file, envFile({ ...filledIn, ...own }));
    await step('public network: up', async () => {
      await project.compose('up', '--detach', 'postgres', 'valkey'); // with them the network that the node joins
      await engine.docker('network', 'connect', '--alias', 'neo-go', `${name}_default`, node);
      await project.compose('up', '--detach');
      await project.untilHealthy();
    });
    await step('public network: the API answers by its name', () => askByName(httpPort, own.KRYPTON_CONTRACT));
    await step('public network: no escrow is parked', () => checkParked(project));
    await step('public network: no secret is in a log or in what containers are told', () =>
      findSecrets(engine, project, secrets),
    );
  } finally {
    await end();
  }
}

async function makeSecrets(engine: Engine, secrets: string): Promise<void> {
  await engine.run(join(repository, 'docker', 'make-secrets'), [secrets]);
  const wallet = [
    'krypton',
    'wallet',
    'create',
    '/secrets/operator.json',
    '--password-file',
    '/secrets/operator.password',
  ];
  const user = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  const mount = ['--user', user, '--volume', `${secrets}:/secrets`];
  await engine.docker('run', '--rm', ...mount, 'krypton-services:local', ...wallet);
  chmodSync(join(secrets, 'operator.json'), 0o644);
}

/** As a client does that has found the proxy by DNS. */
async function askByName(port: number, contract: string): Promise<void> {
  const status = await new Promise<unknown>((resolve, reject) => {
    const headers = { host: filledIn.API_AUTHORITY };
    get({ host: '127.0.0.1', port, path: '/v1/status', headers }, (response) =>
      json(response).then(resolve, reject),
    ).on('error', reject);
  });
  const told = status as { contract?: string };
  if (told.contract !== contract) throw new Trouble(`expected contract ${contract}: ${JSON.stringify(status)}`);
}

async function findSecrets(engine: Engine, project: Project, secrets: string): Promise<void> {
  const passwords = readdirSync(secrets).flatMap((file) =>
    [...readFileSync(join(secrets, file), 'utf8').matchAll(/\b[0-9a-f]{48}\b/g)].map(([password]) => password),
  );
  if (new Set(passwords).size !== 3) throw new Trouble(`expected three passwords, found ${new Set(passwords).size}`);
  const told = await engine.docker('inspect', ...(await project.containers()));
  const logs = await project.compose('logs', '--no-color');
  const found = passwords.find((password) => told.includes(password) || logs.includes(password));
  if (found) throw new Trouble('a password stands in a log, or in the settings of a container');
}
