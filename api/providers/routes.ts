import { createRoute, z } from '@hono/zod-openapi';
import { heightHeaders } from '../../protocol/api/parameter.ts';
import { printable } from '../../protocol/api/printable.ts';
import { getProvider, listProviders } from '../../protocol/api/providers.ts';
import type { Deps } from '../deps.ts';
import { askedState } from '../http/height.ts';
import { decodeCursor, pageOf } from '../http/page.ts';
import { Refusal } from '../http/problem.ts';
import { type App, chainStateOf, refusals, stateRefusals } from '../http/route.ts';
import { askedDestination } from './asked-destination.ts';
import { askProvider, askProviders, presentPriced, presentProvider } from './read.ts';

const search = createRoute({
  method: listProviders.method,
  path: listProviders.path,
  operationId: listProviders.operationId,
  summary: 'Search providers',
  description:
    'With `dest`: those whose rate deck in force has a price for it, and whose document was handed in, the cheapest first.',
  tags: ['registry'],
  request: {
    headers: heightHeaders,
    query: listProviders.query,
  },
  responses: {
    ...chainStateOf(listProviders.answer, 'a page of providers'),
    ...refusals(...stateRefusals),
  },
});

const one = createRoute({
  method: getProvider.method,
  path: getProvider.path,
  operationId: getProvider.operationId,
  summary: 'One provider',
  tags: ['registry'],
  request: { headers: heightHeaders, params: getProvider.params },
  responses: {
    ...chainStateOf(getProvider.answer, 'the provider, even one that has undeployed'),
    ...refusals(...stateRefusals, 'unknownProvider'),
  },
});

const cursorKey = z.tuple([printable(253), printable(34)]);

export function addProviders(app: App, deps: Deps): void {
  app.openapi(search, (c) => {
    const { limit, cursor, dest, minutes, sort: asked, ...rest } = c.req.valid('query');
    const priced =
      dest === undefined ? null : { destination: askedDestination(dest), ms: minutes, at: new Date(deps.now()) };
    const sort = asked ?? (priced ? 'price' : 'address');
    if (!priced && sort.endsWith('price')) throw needsDestination();
    const after = decodeCursor(cursor, cursorKey);
    const { ask, values } = askProviders({ ...rest, priced, sort, limit, after });
    // by price, each provider's is looked up: that must not hold up what is asked by a key
    const askApart = async () => (await ask(deps.db, ...values))[0];
    return askedState(c, deps, priced ? askApart : ({ once }) => once(ask, values), (found) => {
      const { rows, next } = pageOf(found, limit, ({ sortKey, provider }) => [sortKey, provider]);
      return { items: rows.map((row) => (priced ? presentPriced(row, priced) : presentProvider(row))), next };
    });
  });

  app.openapi(one, (c) => {
    const { address } = c.req.valid('param');
    return askedState(
      c,
      deps,
      ({ byKey }) => byKey(askProvider, address),
      (found) => {
        if (!found) throw new Refusal('unknownProvider', `${address} was never deployed as a provider`);
        return presentProvider(found);
      },
    );
  });
}

function needsDestination(): Refusal {
  const message = 'by price only for a destination: expected dest as well';
  return new Refusal('invalidRequest', `sort: ${message}`, { errors: [{ path: 'sort', message }] });
}
