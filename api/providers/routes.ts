import { createRoute, z } from '@hono/zod-openapi';
import { providerSchema } from '../../protocol/api/providers.ts';
import { listOf } from '../../protocol/api/scalar.ts';
import type { Deps } from '../deps.ts';
import { chainState, heightHeaders } from '../http/height.ts';
import { decodeCursor, pageOf, pageQuery } from '../http/page.ts';
import { printable } from '../http/printable.ts';
import { Refusal } from '../http/problem.ts';
import { type App, addressParameter, chainStateOf, refusals, stateRefusals } from '../http/route.ts';
import { providerSorts, providerStates, readProvider, searchProviders } from './read.ts';

const search = createRoute({
  method: 'get',
  path: '/v1/providers',
  operationId: 'listProviders',
  summary: 'Search providers',
  description: 'Prices for a destination (`dest`) come with the rate decks; until then the parameter is refused.',
  tags: ['registry'],
  request: {
    headers: heightHeaders,
    query: z.strictObject({
      ...pageQuery,
      q: printable(253)
        .optional()
        .meta({ description: 'part of the location, or the first characters of the address' }),
      state: z.enum(providerStates).default('deployed'),
      sort: z.enum(providerSorts).default('address').meta({ description: 'with `-`: descending' }),
    }),
  },
  responses: {
    ...chainStateOf(listOf(providerSchema).meta({ id: 'ProviderList' }), 'a page of providers'),
    ...refusals(...stateRefusals),
  },
});

const one = createRoute({
  method: 'get',
  path: '/v1/providers/{address}',
  operationId: 'getProvider',
  summary: 'One provider',
  tags: ['registry'],
  request: { headers: heightHeaders, params: z.object({ address: addressParameter }) },
  responses: {
    ...chainStateOf(providerSchema, 'the provider, even one that has undeployed'),
    ...refusals(...stateRefusals, 'unknownProvider'),
  },
});

const cursorKey = z.tuple([printable(253), printable(34)]);

export function addProviders(app: App, deps: Deps): void {
  app.openapi(search, (c) => {
    const { limit, cursor, ...asked } = c.req.valid('query');
    const after = decodeCursor(cursor, cursorKey);
    return chainState(c, deps, async (db) => {
      const found = await searchProviders(db, { ...asked, limit, after });
      const { rows, next } = pageOf(found, limit, ({ sortKey, address }) => [sortKey, address]);
      return c.json({ items: rows.map(({ sortKey: _, ...provider }) => provider), next }, 200);
    });
  });

  app.openapi(one, (c) => {
    const { address } = c.req.valid('param');
    return chainState(c, deps, async (db) => {
      const provider = await readProvider(db, address);
      if (!provider) throw new Refusal('unknownProvider', `${address} was never deployed as a provider`);
      return c.json(provider, 200);
    });
  });
}
