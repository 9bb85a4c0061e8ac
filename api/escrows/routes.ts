import { createRoute, z } from '@hono/zod-openapi';
import { escrowSchema, escrowStates } from '../../protocol/api/escrows.ts';
import { listOf } from '../../protocol/api/scalar.ts';
import type { Deps } from '../deps.ts';
import { chainState, heightHeaders } from '../http/height.ts';
import { decodeCursor, pageOf, pageQuery } from '../http/page.ts';
import { Refusal } from '../http/problem.ts';
import { type App, addressParameter, chainStateOf, idParameter, refusals, stateRefusals } from '../http/route.ts';
import { listEscrows, readEscrow } from './read.ts';

const list = createRoute({
  method: 'get',
  path: '/v1/escrows',
  operationId: 'listEscrows',
  summary: 'Escrows, the newest first',
  tags: ['escrows'],
  request: {
    headers: heightHeaders,
    query: z.strictObject({
      ...pageQuery,
      user: addressParameter.optional(),
      provider: addressParameter.optional(),
      state: z.enum(escrowStates).optional(),
    }),
  },
  responses: {
    ...chainStateOf(listOf(escrowSchema).meta({ id: 'EscrowList' }), 'a page of escrows'),
    ...refusals(...stateRefusals),
  },
});

const one = createRoute({
  method: 'get',
  path: '/v1/escrows/{id}',
  operationId: 'getEscrow',
  summary: 'One escrow with its history',
  tags: ['escrows'],
  request: { headers: heightHeaders, params: z.object({ id: idParameter }) },
  responses: { ...chainStateOf(escrowSchema, 'the escrow'), ...refusals(...stateRefusals, 'unknownEscrow') },
});

const cursorKey = z.tuple([z.int()]);

export function addEscrows(app: App, deps: Deps): void {
  app.openapi(list, (c) => {
    const { limit, cursor, user, provider, state } = c.req.valid('query');
    const [before] = decodeCursor(cursor, cursorKey) ?? [];
    const filter = { user, provider, states: state && [state] };
    return chainState(c, deps, async (db) => {
      const escrows = await listEscrows(db, filter, { limit: limit + 1, before });
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
