import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { tools } from '../../stack/folder.ts';
import { buildWeb } from '../build/build.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Folders of the two builds. */
    pages: { devnet: string; public: string };
  }
}

/** Builds the pages for this run, in folders of its own: what a running stack serves stays as it is. */
export default async function buildPages(project: TestProject): Promise<() => void> {
  const folder = join(tools, `test-pages-${process.pid}`);
  const pages = { devnet: join(folder, 'devnet'), public: join(folder, 'public') };
  await buildWeb({ devnet: true, dist: pages.devnet });
  await buildWeb({ devnet: false, dist: pages.public });
  project.provide('pages', pages);
  return () => rmSync(folder, { recursive: true, force: true });
}
