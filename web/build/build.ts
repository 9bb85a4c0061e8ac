import { readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build, type InlineConfig } from 'vite';
import { contentSecurityPolicy } from './content-security-policy.ts';
import { oneFile } from './one-file.ts';
import { policyInPage } from './policy-in-page.ts';
import { buildServiceWorker } from './service-worker.ts';
import { writeSiteHeaders } from './site-headers.ts';

const web = resolve(import.meta.dirname, '..');

const { version } = JSON.parse(readFileSync(join(web, 'package.json'), 'utf8')) as { version: string };

export type Wanted = { devnet: boolean; dist?: string };

/** Builds all pages; what is made for a devnet never stands where the build for the public is. */
export async function buildWeb({ devnet, dist = join(web, devnet ? 'dist-devnet' : 'dist') }: Wanted): Promise<void> {
  rmSync(dist, { recursive: true, force: true });
  const allowed = { scripts: ["'self'"], styles: ["'self'"] };
  const policy = { plainConnections: devnet ? devnetAddresses : [] };
  await build({
    ...shared({ devnet }),
    root: join(web, 'phone'),
    plugins: [policyInPage(contentSecurityPolicy(policy))],
    build: {
      ...output,
      outDir: dist,
      rolldownOptions: { checks, output: { codeSplitting: { groups: [schemasFirst, firstPaint] } } },
    },
  });
  await build({
    ...shared({ devnet }),
    root: join(web, 'rescue'),
    plugins: [
      oneFile(({ script, style }) => {
        allowed.scripts.push(script);
        allowed.styles.push(style);
      }),
    ],
    build: {
      ...output,
      outDir: join(dist, 'rescue'),
      cssCodeSplit: false,
      assetsInlineLimit: 1_000_000,
      rolldownOptions: { checks, output: { codeSplitting: false } },
    },
  });
  await buildServiceWorker(shared({ devnet }), join(web, 'phone', 'worker'), dist);
  writeSiteHeaders(dist, { ...policy, ...allowed });
}

/** One page alone, for a devnet: what a test looks at. */
export async function buildPage(root: string, dist: string): Promise<void> {
  const policy = { plainConnections: devnetAddresses };
  const plugins = [policyInPage(contentSecurityPolicy(policy))];
  await build({ ...shared({ devnet: true }), root, plugins, build: { ...output, outDir: dist } });
  writeSiteHeaders(dist, { ...policy, scripts: ["'self'"], styles: ["'self'"] });
}

/** A devnet's node, API and providers are on this machine, without TLS. */
const devnetAddresses = ['http://127.0.0.1:*', 'ws://127.0.0.1:*'];

/** What the browsers that have Trusted Types, PRF or `<dialog>` understand as it is. */
const output = {
  target: 'es2024',
  emptyOutDir: true,
  modulePreload: { polyfill: false },
  // Modules run in the order of their imports, also where they are in several files: no-eval.ts before any schema.
  rolldownOptions: { output: { strictExecutionOrder: true } },
} as const;

/** How long a part of the build took is of no interest to whoever starts a stack. */
const checks = { bundlerTimings: false };

/**
 * zod, and what sets it up, in one file: a file is run as a whole before those that need it, so that no schema is made
 * before (ui/no-eval.ts).
 */
const schemasFirst = { name: 'schemas', test: /node_modules[\\/]zod[\\/]|web[\\/]ui[\\/]no-eval/, priority: 1 };

/** All that the page begins with, in one more: of many small ones a browser asks for a few at a time. */
const firstPaint = { name: 'first', tags: ['$initial' as const] };

const shared = ({ devnet }: { devnet: boolean }): InlineConfig => ({
  configFile: false,
  // Any folder of any web server will do.
  base: './',
  logLevel: 'warn',
  // Code behind `if (DEVNET)` is left out of the build for the public.
  define: { DEVNET: JSON.stringify(devnet), VERSION: JSON.stringify(version) },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  worker: { format: 'es' },
});
