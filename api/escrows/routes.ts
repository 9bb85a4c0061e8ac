import { createRoute, z } from '@hono/zod-openapi';
import { getEscrow, listEscrows } from '../../protocol/api/escrows.ts';
import { heightHeaders } from '../../protocol/api/parameter.ts';
import type { Deps } from '../deps.ts';
import { chainState } from '../http/height.ts';
import { decodeCursor, pageOf } from '../http/page.ts';
import { Refusal } from '../http/problem.ts';
import { type App, chainStateOf, refusals, stateRefusals } from '../http/route.ts';
import { findEscrows, readEscrow } from './read.ts';

const list = createRoute({
  method: listEscrows.method,
  path: listEscrows.path,
  operationId: listEscrows.operationId,
  summary: 'Escrows, the newest first',
  tags: ['escrows'],
  request: {
    headers: heightHeaders,
    query: listEscrows.query,
  },
  responses: {
    ...chainStateOf(listEscrows.answer, 'a page of escrows'),
    ...refusals(...stateRefusals),
  },
});

const one = createRoute({
  method: getEscrow.method,
  path: getEscrow.path,
  operationId: getEscrow.operationId,
  summary: 'One escrow with its history',
  tags: ['escrows'],
  request: { headers: heightHeaders, params: getEscrow.params },
  responses: { ...chainStateOf(getEscrow.answer, 'the escrow'), ...refusals(...stateRefusals, 'unknownEscrow') },
});

const cursorKey = z.tuple([z.int()]);

export function addEscrows(app: App, deps: Deps): void {
  app.openapi(list, (c) => {
    const { limit, cursor, user, provider, state } = c.req.valid('query');
    const [before] = decodeCursor(cursor, cursorKey) ?? [];
    const filter = { user, provider, states: state && [state] };
    return chainState(c, deps, async (db) => {
      const escrows = await findEscrows(db, filter, { limit: limit + 1, before });
      const { rows, next } = pageOf(escrows, limit, ({ id }) => [id]);
      return c.json({ items: rows, next }, 200);
    });
  });

  app.openapi(one, (c) => {
    const { id } = c.req.valid('param');
    return chainState(c, deps, async (db) => {
      const escrow = await readEscrow(db, id);
      if (!escrow) throw new Refusal('unknownEscrow', `there was no escrow ${id} up to this block`);
      return c.json(escrow, 200);
    });
  });
}
