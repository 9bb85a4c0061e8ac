import { expect, test } from 'vitest';
import { isAtLeast, readGoModule } from './go.ts';

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
