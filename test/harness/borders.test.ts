import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { repository } from '../../stack/folder.ts';
import { runHere } from './report.ts';

/** A house with faults: each file imports one thing. */
const files = {
  'protocol/sign/node.ts': "import 'node:crypto';",
  'protocol/sign/bare.ts': "import { createHash } from 'crypto';\ncreateHash('sha256');",
  'protocol/sign/type.ts': "import type { Buffer } from 'node:buffer';\nexport type B = Buffer;",
  'protocol/sign/late.ts': "export const load = () => import('node:fs');",
  'protocol/sign/up.ts': "import '../../chain/deploy.ts';",
  'protocol/sign/pure.ts': 'export const one = 1;',
  'protocol/sign/pure.test.ts': "import 'node:fs';\nimport './pure.ts';",
  'chain/node.ts': "import 'node:fs';",
  'chain/wallet-file.ts': "import 'node:fs';",
  'chain/deploy.ts': "import './wallet-file.ts';",
  'chain/detour.ts': "import './deploy.ts';",
  'api/service.ts': "import '../settler/service.ts';",
  'settler/service.ts': "import '../protocol/sign/pure.ts';",
};

let house: string;
beforeAll(() => {
  house = mkdtempSync(join(tmpdir(), 'krypton-borders-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(house, path)), { recursive: true });
    writeFileSync(join(house, path), text);
  }
  for (const name of ['.dependency-cruiser.js', 'tsconfig.json'])
    copyFileSync(join(repository, name), join(house, name));
});
afterAll(() => rmSync(house, { recursive: true }));

type Violation = { from: string; rule: { name: string } };

test('each import that the house forbids is found, and no other', async () => {
  const args = ['--config', '.dependency-cruiser.js', '--output-type', 'json', '.'];
  const { lines } = await runHere('depcruise', args, { cwd: house });
  const violations: Violation[] = JSON.parse(lines.join('\n')).summary.violations;
  expect(violations.map(({ from, rule }) => `${from}: ${rule.name}`).sort()).toEqual([
    'api/service.ts: api-arrows',
    'chain/detour.ts: no-detour-to-node',
    'chain/node.ts: runs-in-a-browser',
    'protocol/sign/bare.ts: runs-in-a-browser',
    'protocol/sign/late.ts: runs-in-a-browser',
    'protocol/sign/node.ts: runs-in-a-browser',
    'protocol/sign/type.ts: runs-in-a-browser',
    'protocol/sign/up.ts: no-detour-to-node',
    'protocol/sign/up.ts: protocol-arrows',
  ]);
});
