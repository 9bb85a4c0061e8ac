import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { z } from 'zod';
import { type Address, addressSchema } from '../protocol/types/address.ts';
import { inOneLine, Trouble } from './trouble.ts';

export interface PagesDeps {
  /** The folder of the built pages, once they are built. */
  readonly pages: Promise<string>;
  /** What `settings.json` says at the moment. */
  readonly settings: () => Promise<unknown>;
  /** Gives an account GAS on a devnet, and answers the transaction. */
  readonly fund?: (account: Address) => Promise<{ txHash: string; amount: string }>;
}

export interface ServedPages {
  readonly url: string;
  stop(): Promise<void>;
}

/** Names of files below it have their content's hash in them: they never change. */
const forever = '/assets/';

/** A static site, with the headers that its build asks for, and the settings of a stack. */
export async function servePages(deps: PagesDeps, listen: { host: string; port: number }): Promise<ServedPages> {
  const server = createServer(getRequestListener(createSite(deps).fetch));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port, listen.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    // A name, not a number: a passkey belongs to a name.
    url: `http://localhost:${port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const fundSchema = z.object({ address: addressSchema });

function createSite({ pages, settings, fund }: PagesDeps): Hono {
  const site = new Hono();
  const headers = pages.then(readHeaders);
  headers.catch(() => undefined); // each request says it
  site.use(async (c, next) => {
    await next();
    for (const [name, value] of await headers) c.header(name, value);
    c.header('Cache-Control', c.req.path.startsWith(forever) ? 'public, max-age=31536000, immutable' : 'no-cache');
  });
  site.get('/settings.json', async (c) => c.json(await settings()));
  if (fund)
    site.post('/devnet/faucet', async (c) => {
      // Another site's page may not spend what is here; a browser says where a request comes from.
      if (c.req.header('Sec-Fetch-Site') !== 'same-origin') return c.text('for the page of this site alone', 403);
      const asked = fundSchema.safeParse(await c.req.json().catch(() => null));
      if (!asked.success) return c.text('expected {"address": "N…"}', 400);
      return c.json(await fund(asked.data.address));
    });
  site.get('*', async (c, next) => {
    const root = await pages;
    return serveStatic({ root })(c, next);
  });
  site.onError((error, c) => c.text(inOneLine(error), 500));
  return site;
}

/** The lines of the one rule that a build writes: for all files. */
async function readHeaders(root: string): Promise<[string, string][]> {
  const text = await readFile(join(root, '_headers'), 'utf8');
  const [rule, ...lines] = text.trimEnd().split('\n');
  if (rule !== '/*') throw new Trouble(`${root}/_headers has a rule for ${rule}, expected one for /*`);
  return lines.map((line) => {
    const [name = '', ...value] = line.trim().split(': ');
    return [name, value.join(': ')];
  });
}
