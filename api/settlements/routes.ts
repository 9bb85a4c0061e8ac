import { createRoute, z } from '@hono/zod-openapi';
import { heightHeaders } from '../../protocol/api/parameter.ts';
import { getSettlements, listSettlements } from '../../protocol/api/settlements.ts';
import type { Deps } from '../deps.ts';
import { keptState } from '../http/height.ts';
import { decodeCursor, encodeCursor } from '../http/page.ts';
import { Refusal } from '../http/problem.ts';
import { type App, chainStateOf, refusals, stateRefusals } from '../http/route.ts';
import { askTransaction, askTransactions, pageOfTransactions, presentTransaction } from './read.ts';

const list = createRoute({
  method: listSettlements.method,
  path: listSettlements.path,
  operationId: listSettlements.operationId,
  summary: 'Settlements (claims that the chain accepted or rejected), by transaction, the newest first',
  description: 'With `provider` or `user`, a transaction shows only their claims. A page may hold fewer than `limit`.',
  tags: ['settlements'],
  request: {
    headers: heightHeaders,
    query: listSettlements.query,
  },
  responses: {
    ...chainStateOf(listSettlements.answer, 'a page of transactions'),
    ...refusals(...stateRefusals),
  },
});

const one = createRoute({
  method: getSettlements.method,
  path: getSettlements.path,
  operationId: getSettlements.operationId,
  summary: 'The settlements of one transaction',
  tags: ['settlements'],
  request: { headers: heightHeaders, params: getSettlements.params },
  responses: {
    ...chainStateOf(getSettlements.answer, 'the transaction'),
    ...refusals(...stateRefusals, 'unknownTransaction'),
  },
});

const cursorKey = z.tuple([z.int().max(0x7fff_ffff), z.int().max(0x7fff_ffff)]);

export function addSettlements(app: App, deps: Deps): void {
  app.openapi(list, (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query');
    const [height, position] = decodeCursor(cursor, cursorKey) ?? [];
    const before = height === undefined || position === undefined ? undefined : { height, position };
    const { ask, values } = askTransactions(filter, { limit: limit + 1, before });
    return keptState(
      c,
      deps,
      ({ once }) => once(ask, values),
      (found) => {
        const { transactions, last } = pageOfTransactions(found, limit);
        return { items: transactions, next: last && encodeCursor([last.height, last.position]) };
      },
    );
  });

  app.openapi(one, (c) => {
    const { txHash } = c.req.valid('param');
    return keptState(
      c,
      deps,
      ({ byKey }) => byKey(askTransaction, txHash),
      (found) => {
        if (!found) throw new Refusal('unknownTransaction', `no claim was answered in ${txHash} up to this block`);
        return presentTransaction(found);
      },
    );
  });
}
