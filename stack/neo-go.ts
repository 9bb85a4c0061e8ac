import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { putInPlace, repository, tools } from './folder.ts';
import { findGo, readGoModule } from './go.ts';
import { run } from './run.ts';

/** 70 s on two cores with everything cold; a very slow machine may take ten times as long. */
const buildTimeoutMs = 900_000;
const progressMs = 10_000;
/** Telling its version takes 0.1 s. */
const askTimeoutMs = 20_000;

/** Answers the path of the pinned neo-go: built at the first call, and again where its file does not run. */
export async function provideNeoGo(say: (message: string) => void, folder = join(tools, 'bin')): Promise<string> {
  const { go, neoGo } = readGoModule();
  const binary = join(folder, `neo-go-${neoGo}`);
  if (existsSync(binary)) {
    if (await saysVersion(binary, neoGo)) return binary;
    say(`${binary} is damaged: building it again`);
  }

  const compiler = await findGo(go, say);
  say(`building neo-go ${neoGo} (once; about 70 s)`);
  const begin = Date.now();
  const seconds = () => Math.round((Date.now() - begin) / 1000);
  const progress = setInterval(() => say(`building neo-go: ${seconds()} s`), progressMs);
  try {
    await build(compiler, neoGo, binary);
  } finally {
    clearInterval(progress);
  }
  say(`neo-go ${neoGo} is built (${seconds()} s)`);
  return binary;
}

/** What stands under the name may be half a file, or one that may not be run. */
async function saysVersion(binary: string, version: string): Promise<boolean> {
  const said = await run(binary, ['--version'], { timeoutMs: askTimeoutMs }).catch(() => '');
  return said.split('\n').includes(`Version: ${version}`);
}

/** Built under another name and moved into place: two starts at once may both build, and neither sees half a file. */
async function build(compiler: string, version: string, binary: string): Promise<void> {
  const unfinished = `${binary}.${process.pid}`;
  mkdirSync(dirname(binary), { recursive: true });
  // The version goes into each NEF's `compiler` field, which its checksum and so the contract's hash cover.
  const flags = `-X 'github.com/nspcc-dev/neo-go/pkg/config.Version=${version}'`;
  try {
    await run(
      compiler,
      ['build', '-trimpath', '-ldflags', flags, '-o', unfinished, 'github.com/nspcc-dev/neo-go/cli'],
      {
        cwd: join(repository, 'contract'),
        env: { ...process.env, CGO_ENABLED: '0', GOTOOLCHAIN: 'local' },
        timeoutMs: buildTimeoutMs,
      },
    );
    putInPlace(unfinished, binary);
  } finally {
    rmSync(unfinished, { force: true });
  }
}
