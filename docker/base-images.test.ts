import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repository } from '../stack/folder.ts';
import { readPinnedGo } from '../stack/go.ts';
import { readBaseImages } from './test/base-images.ts';

test('the images stand on the Node.js and the Go that everything else is tried with', () => {
  const { devDependencies } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
  expect(readBaseImages()).toEqual(
    expect.arrayContaining([
      `node:${devDependencies.node}-trixie-slim`,
      `golang:${readPinnedGo()}-trixie`,
      expect.stringMatching(/^postgres:\d+\.\d+-/),
      expect.stringMatching(/^valkey\/valkey:\d+\.\d+\.\d+$/),
      expect.stringMatching(/^caddy:\d+\.\d+\.\d+$/),
    ]),
  );
  expect(readBaseImages()).toHaveLength(5);
});
