import { globSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { repository } from '../../stack/folder.ts';

export type Bundle = { code: string; modules: readonly string[]; bytes: number; gzipBytes: number };

/**
 * One minified script of an entry and all that it imports, as a page of ours is built.
 * @throws where something in it asks for Node.js
 */
export async function bundle(entry: string): Promise<Bundle> {
  const result = await build({
    configFile: false,
    root: repository,
    logLevel: 'silent',
    plugins: [virtualEntry(entry)],
    build: {
      write: false,
      target: 'es2024',
      rolldownOptions: { input: entryId, preserveEntrySignatures: 'strict' },
    },
  });
  const output = (Array.isArray(result) ? result : [result]).flatMap((each) => ('output' in each ? each.output : []));
  const [chunk, ...others] = output.filter((each): each is Rolldown.OutputChunk => each.type === 'chunk');
  if (!chunk || others.length > 0) throw new Error(`the bundle has ${output.length} files, and should have one`);
  const modules = chunk.moduleIds;
  // vite puts an empty module in the place of what only Node.js has
  const nodes = modules.filter((id) => id.includes('__vite-browser-external'));
  if (nodes.length > 0) throw new Error(`the bundle asks for modules of Node.js: ${nodes.join(', ')}`);
  return { code: chunk.code, modules, bytes: chunk.code.length, gzipBytes: gzipSync(chunk.code).length };
}

const entryId = 'virtual:entry';

function virtualEntry(code: string): Rolldown.Plugin {
  return {
    name: 'entry',
    resolveId: (id) => (id === entryId ? id : null),
    load: (id) => (id === entryId ? code : null),
  };
}

/** An entry that exports all of these files, so that nothing of them is left out as unused. */
export const entryOf = (files: readonly string[]): string =>
  files.map((file, index) => `export * as file${index} from '${join(repository, file)}';`).join('\n');

/** All of protocol/ but its tests. */
export const protocolFiles = (): string[] =>
  globSync('protocol/**/*.ts', { cwd: repository, exclude: ['**/*.test.ts'] }).sort();
