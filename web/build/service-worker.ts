import { createHash } from 'node:crypto';
import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { build, type InlineConfig } from 'vite';

/** What a browser never asks for by itself. */
const notKept = ['service-worker.js', '_headers', 'settings.json'];

/** One script that knows the names of all files of the build; made last, when they are there. */
export async function buildServiceWorker(shared: InlineConfig, source: string, dist: string): Promise<void> {
  const files = globSync('**/*', { cwd: dist })
    .filter((file) => statSync(join(dist, file)).isFile() && !notKept.includes(file))
    .sort();
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update(readFileSync(join(dist, file)));
  // A page is asked for by its folder; under its own name some servers redirect, and a redirect is not kept.
  const names = files.map((file) => (file.endsWith('index.html') ? `./${file.slice(0, -'index.html'.length)}` : file));
  await build({
    ...shared,
    root: source,
    publicDir: false,
    define: {
      ...shared.define,
      FILES: JSON.stringify(names),
      BUILD: JSON.stringify(hash.digest('hex').slice(0, 16)),
    },
    build: {
      target: 'es2024',
      outDir: dist,
      emptyOutDir: false,
      rolldownOptions: {
        checks: { bundlerTimings: false },
        input: join(source, 'main.ts'),
        output: { format: 'iife', entryFileNames: 'service-worker.js' },
      },
    },
  });
}
