import { createRoute, z } from '@hono/zod-openapi';
import { listOf } from '../../protocol/api/scalar.ts';
import { settlementSchema } from '../../protocol/api/settlements.ts';
import { txHashSchema } from '../../protocol/types/hash.ts';
import type { Deps } from '../deps.ts';
import { chainState, heightHeaders } from '../http/height.ts';
import { decodeCursor, encodeCursor, pageQuery } from '../http/page.ts';
import { Refusal } from '../http/problem.ts';
import { type App, addressParameter, chainStateOf, refusals, stateRefusals, timeParameter } from '../http/route.ts';
import { listSettlements, readSettlement } from './read.ts';

const list = createRoute({
  method: 'get',
  path: '/v1/settlements',
  operationId: 'listSettlements',
  summary: 'Claims accepted and rejected, by transaction, the newest first',
  description: 'With `provider` or `user`, a transaction shows only their claims. A page may hold fewer than `limit`.',
  tags: ['settlements'],
  request: {
    headers: heightHeaders,
    query: z.strictObject({
      ...pageQuery,
      provider: addressParameter.optional(),
      user: addressParameter.optional(),
      since: timeParameter.optional().meta({ description: 'time of the block, this one included' }),
      until: timeParameter.optional().meta({ description: 'time of the block, this one excluded' }),
    }),
  },
  responses: {
    ...chainStateOf(listOf(settlementSchema).meta({ id: 'SettlementList' }), 'a page of settlements'),
    ...refusals(...stateRefusals),
  },
});

const one = createRoute({
  method: 'get',
  path: '/v1/settlements/{txHash}',
  operationId: 'getSettlement',
  summary: 'The claims of one transaction',
  tags: ['settlements'],
  request: {
    headers: heightHeaders,
    params: z.object({ txHash: txHashSchema.meta({ type: 'string', description: '0x and 64 hex digits' }) }),
  },
  responses: {
    ...chainStateOf(settlementSchema, 'the settlement'),
    ...refusals(...stateRefusals, 'unknownSettlement'),
  },
});

const cursorKey = z.tuple([z.int().max(0x7fff_ffff), z.int().max(0x7fff_ffff)]);

export function addSettlements(app: App, deps: Deps): void {
  app.openapi(list, (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query');
    const [height, position] = decodeCursor(cursor, cursorKey) ?? [];
    const before = height === undefined || position === undefined ? undefined : { height, position };
    return chainState(c, deps, async (db) => {
      const { settlements, last } = await listSettlements(db, filter, { limit, before });
      return c.json({ items: settlements, next: last && encodeCursor([last.height, last.position]) }, 200);
    });
  });

  app.openapi(one, (c) => {
    const { txHash } = c.req.valid('param');
    return chainState(c, deps, async (db) => {
      const settlement = await readSettlement(db, txHash);
      if (!settlement) throw new Refusal('unknownSettlement', `no claim was settled in ${txHash} up to this block`);
      return c.json(settlement, 200);
    });
  });
}
