import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { repository, tools } from './folder.ts';
import { findGo, readGoModule } from './go.ts';
import { run } from './run.ts';

/** 70 s on two cores with everything cold; a very slow machine may take ten times as long. */
const buildTimeoutMs = 900_000;
const progressMs = 10_000;

/** Answers the path of the pinned neo-go, built at the first call. */
export async function provideNeoGo(say: (message: string) => void): Promise<string> {
  const { go, neoGo } = readGoModule();
  const binary = join(tools, 'bin', `neo-go-${neoGo}`);
  if (existsSync(binary)) return binary;

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

/** Built under another name and moved into place: two starts at once may both build, and neither sees half a file. */
async function build(compiler: string, version: string, binary: string): Promise<void> {
  const unfinished = `${binary}.${process.pid}`;
  mkdirSync(join(tools, 'bin'), { recursive: true });
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
    renameSync(unfinished, binary);
  } finally {
    rmSync(unfinished, { force: true });
  }
}
