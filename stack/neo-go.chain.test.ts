import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { tools } from './folder.ts';
import { readGoModule } from './go.ts';
import { provideNeoGo } from './neo-go.ts';
import { run } from './run.ts';

const version = readGoModule().neoGo;
const name = `neo-go-${version}`;
const whole = join(tools, 'bin', name);
let folder: string;
let said: string[];

/** A compiler that brings the neo-go which is built already, and writes down each call. A real build takes 70 s. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'krypton-neo-go-'));
  said = [];
  const compiler = [
    '#!/bin/sh',
    '[ "$1" = env ] && echo go1.99.0 && exit',
    'while [ "$1" != -o ]; do shift; done',
    `cp '${whole}' "$2"`,
  ];
  mkdirSync(join(folder, 'path'));
  writeFileSync(join(folder, 'path', 'go'), compiler.join('\n'), { mode: 0o755 });
  vi.stubEnv('PATH', [join(folder, 'path'), process.env.PATH].join(delimiter));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const damages: [string, (path: string) => void][] = [
  ['empty', (path) => writeFileSync(path, '', { mode: 0o755 })],
  ['half', (path) => writeFileSync(path, readFileSync(whole).subarray(0, 1_000_000), { mode: 0o755 })],
  ['another program', (path) => writeFileSync(path, '#!/bin/sh\necho hello', { mode: 0o755 })],
  ['of another version', (path) => writeFileSync(path, '#!/bin/sh\necho Version: 0.0.1', { mode: 0o755 })],
  [
    'not to be run',
    (path) => {
      copyFileSync(whole, path);
      chmodSync(path, 0o644);
    },
  ],
];

test.each(damages)('a neo-go that is %s is built again', async (_kind, damage) => {
  damage(join(folder, name));
  const binary = await provideNeoGo((message) => said.push(message), folder);
  expect(await run(binary, ['--version'], { timeoutMs: 10_000 })).toContain(`Version: ${version}`);
  expect(said[0]).toContain('is damaged: building it again');
});

test('one that is whole is not built again', async () => {
  copyFileSync(whole, join(folder, name));
  expect(await provideNeoGo((message) => said.push(message), folder)).toBe(join(folder, name));
  expect(said).toEqual([]);
});
