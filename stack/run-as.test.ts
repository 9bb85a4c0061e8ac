import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { privilegesOf, unprivilegedUser } from './run-as.ts';

const passwd = 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n';

test('root becomes postgres, or nobody where there is none; others stay who they are', () => {
  expect(unprivilegedUser(passwd, 0)).toEqual({ uid: 65534, gid: 65534 });
  expect(unprivilegedUser(`${passwd}postgres:x:101:104::/:/bin/sh\n`, 0)).toEqual({ uid: 101, gid: 104 });
  expect(unprivilegedUser(passwd, 1000)).toBeUndefined();
  expect(() => unprivilegedUser('root:x:0:0::/:/bin/sh\n', 0)).toThrow('no user postgres or nobody');
});

test('a capability is passed on only where the folder needs it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'krypton-run-as-'));
  const user = { uid: 101, gid: 104 };
  chmodSync(folder, 0o755);
  expect(privilegesOf(user, [join(folder, 'data')])).toEqual(['--reuid', '101', '--regid', '104', '--clear-groups']);
  chmodSync(folder, 0o700);
  expect(privilegesOf(user, [join(folder, 'data')])).toEqual(expect.arrayContaining(['--ambient-caps']));
  rmSync(folder, { recursive: true });
});
