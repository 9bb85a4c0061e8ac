// The softphone on a devnet: its pages, built when the stack starts, and what they have to know of the stack.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { loadConfig } from '../process/config.ts';
import { runService } from '../process/run.ts';
import { settings as shared, wholeNumber } from '../process/settings.ts';
import { createFaucet } from './faucet.ts';
import { type Folder, locateFolder, repository } from './folder.ts';
import { run } from './run.ts';
import { servePages } from './serve-pages.ts';
import { Trouble } from './trouble.ts';

/** Two seconds on two idle cores. */
const buildTimeoutMs = 300_000;

const load = (env: NodeJS.ProcessEnv) =>
  loadConfig(
    {
      home: z.string().default('.krypton'),
      phonePort: wholeNumber('a TCP port', { min: 1, max: 65_535 }),
      logLevel: shared.logLevel,
    },
    env,
  );

const endpointsSchema = z.object({ rpc: z.url(), api: z.url(), network: z.int(), contract: z.string() });

/** The file is there exactly while the stack is up. @throws Trouble */
function readEndpoints(folder: Folder): z.infer<typeof endpointsSchema> {
  const known = readJson(folder.endpoints);
  if (known === undefined) throw new Trouble('the stack is not up yet');
  return endpointsSchema.parse(known);
}

/** Undefined where there is none. */
function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

await runService('phone', load, async ({ home, phonePort }, log, fail) => {
  const folder = locateFolder(home);
  const pages = join(folder.root, 'pages');
  const build = [join(repository, 'web', 'build', 'main.ts'), '--devnet', '--out', pages];
  const built = run(process.execPath, build, { cwd: repository, timeoutMs: buildTimeoutMs }).then(() => pages);
  // It is served as soon as it is there; the rest of the stack does not wait for it.
  built.then(() => log.info('the pages are built'), fail);
  const site = await servePages(
    {
      pages: built,
      settings: async () => {
        const { rpc, api, network, contract } = readEndpoints(folder);
        const provider = readJson(folder.phoneProvider);
        const providers = provider === undefined ? [] : [provider];
        return { api, providers, nodes: [rpc], network, contract, devnet: { faucet: './devnet/faucet' } };
      },
      fund: createFaucet(folder, () => readEndpoints(folder)),
    },
    { host: '127.0.0.1', port: phonePort },
  );
  return { stop: () => site.stop() };
});
