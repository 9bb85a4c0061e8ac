import { createRoute } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { heightHeaders } from '../../protocol/api/parameter.ts';
import { query, queryFailedSchema, queryFoundSchema, queryTypes } from '../../protocol/api/query.ts';
import { addressSchema } from '../../protocol/types/address.ts';
import type { Deps } from '../deps.ts';
import { keptState } from '../http/height.ts';
import { type App, chainStateOf, json, refusals } from '../http/route.ts';
import { askNewestRegistration } from './read.ts';

type QueryType = (typeof queryTypes)[number];

const route = createRoute({
  method: query.method,
  path: query.path,
  operationId: query.operationId,
  summary: 'The original KRYPTON.live call',
  description: "Of a user's newest registration: its `uuid`, `provider` or `location`.",
  tags: ['registry'],
  request: { params: query.params, headers: heightHeaders },
  responses: {
    ...chainStateOf(queryFoundSchema, 'the value'),
    ...refusals('indexNotReady', 'heightNotReached', 'databaseUnavailable'),
    400: json(queryFailedSchema, 'no address, or no such type'),
    404: json(queryFailedSchema, 'there is none'),
  },
});

export function addQuery(app: App, deps: Deps): void {
  app.openapi(route, (c) => {
    const { type, user } = c.req.valid('param');
    const parsed = addressSchema.safeParse(user);
    if (!parsed.success) return failed(c, 400, 'Invalid Address');
    if (!isQueryType(type)) return failed(c, 400, 'Invalid Type');
    return keptState(
      c,
      deps,
      ({ byKey }) => byKey(askNewestRegistration, parsed.data),
      (newest) => {
        const value = newest?.[type];
        if (value == null) throw new NotThere();
        return { status: 'success', type, address: user, code: 200, value };
      },
      'registry',
    ).catch((error) => {
      if (error instanceof NotThere) return failed(c, 404, 'Not Found');
      throw error;
    });
  });
}

/** The original call has an answer of its own for that. */
class NotThere extends Error {
  override name = 'NotThere';
}

const isQueryType = (type: string): type is QueryType => (queryTypes as readonly string[]).includes(type);

function failed(c: Context, code: 400 | 404, message: string): Response {
  const { type, user } = c.req.param() as { type: string; user: string };
  c.header('ETag', undefined);
  return c.json({ status: 'failed', type, address: user, code, message } as const, code);
}
