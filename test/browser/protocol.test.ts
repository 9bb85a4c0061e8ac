import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { repository } from '../../stack/folder.ts';
import { bundle, entryOf, protocolFiles } from './bundle.ts';
import { chromiumFlags } from './chromium.ts';
import type * as InPage from './page/main.ts';
import { type Reproducible, reproduced } from './page/reproduce.ts';
import type { Vectors } from './page/vectors.ts';
import { servePage } from './serve.ts';

declare global {
  /** What the page's script exports. */
  var krypton: typeof InPage;
}

const vectors: Vectors = JSON.parse(readFileSync(join(repository, 'contract/testdata/vectors.json'), 'utf8'));

let browser: Browser;
let page: Page;
let site: Awaited<ReturnType<typeof servePage>>;
/** Whatever the page complains of: an exception, a refused script, an error on its console. */
const complaints: string[] = [];

beforeAll(async () => {
  const program = inject('chromium');
  if ('missing' in program) throw new Error(program.missing);
  const { code } = await bundle(`
    import * as krypton from '${join(repository, 'test/browser/page/main.ts')}';
    globalThis.krypton = krypton;
  `);
  site = await servePage(code);
  browser = await chromium.launch({ executablePath: program.path, args: chromiumFlags });
  page = await browser.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.addInitScript(`
    document.addEventListener('securitypolicyviolation', (event) => console.error('refused: ' + event.blockedURI));
  `);
  await page.goto(site.url);
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

describe('a page in Chromium', () => {
  test.each(Object.keys(reproduced) as Reproducible[])('comes to the golden bytes of the %s', async (kind) => {
    expect(vectors[kind].length).toBeGreaterThan(0);
    const made = await page.evaluate(([kind, vectors]) => krypton.reproduce(kind, vectors), [kind, vectors] as const);
    expect(made).toEqual(vectors[kind]);
  });

  test('signs with a key of its own, and with one that no code can read', async () => {
    for (const kind of ['held', 'webCrypto'] as const) {
      const signed = await page.evaluate(([kind, times]) => krypton.signAll(kind, times), [kind, SIGNATURES] as const);
      for (const signatures of Object.values(signed)) {
        expect(signatures).toHaveLength(SIGNATURES);
        expect(signatures.filter(({ valid }) => !valid)).toEqual([]);
        // NEO takes either half, and so does all of ours: a wallet need not know of it
        expect(new Set(signatures.map(({ highS }) => highS))).toEqual(new Set([true, false]));
      }
    }
  });

  test('has nothing to complain of under a strict Content-Security-Policy', async () => {
    const read = await page.evaluate(() => krypton.problemSchema.safeParse({ type: 'about:blank' }).success);
    expect([read, complaints]).toEqual([false, []]);
    await page.evaluate(() => krypton.runText());
    await expect.poll(() => complaints).toContain('refused: eval');
  });
});

/** All of them have s in the same half once in 2^31 runs. */
const SIGNATURES = 32;

describe('the bundle of protocol/', () => {
  /** A page loads it before it shows anything; what makes it larger than this should be a decision. */
  const limit = 80_000;
  const kB = (bytes: number) => `${(bytes / 1000).toFixed(0)} kB`;

  test('needs nothing of Node.js, and no neon-js', async () => {
    const { modules, bytes, gzipBytes } = await bundle(entryOf(protocolFiles()));
    console.log(`protocol/: ${kB(bytes)} minified, ${kB(gzipBytes)} with gzip`);
    expect(modules.filter((id) => id.includes('@cityofzion'))).toEqual([]);
    expect(gzipBytes).toBeLessThan(limit);
  });

  test('is refused where a module of Node.js gets into it', async () => {
    await expect(bundle("export { createHash } from 'node:crypto';")).rejects.toThrow('modules of Node.js');
    await expect(bundle("export { rmSync } from 'fs';")).rejects.toThrow('modules of Node.js');
  });
});
