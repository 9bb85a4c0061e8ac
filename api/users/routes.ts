import { createRoute, z } from '@hono/zod-openapi';
import { userSchema } from '../../protocol/api/users.ts';
import type { Deps } from '../deps.ts';
import { chainState, heightHeaders } from '../http/height.ts';
import { type App, addressParameter, chainStateOf, refusals, stateRefusals } from '../http/route.ts';
import { readUser } from './read.ts';

const route = createRoute({
  method: 'get',
  path: '/v1/users/{address}',
  operationId: 'getUser',
  summary: "A user's registrations, balance and open escrows",
  description: 'Every address is a user: one that was never seen has a balance of 0 and nothing else.',
  tags: ['registry'],
  request: { headers: heightHeaders, params: z.object({ address: addressParameter }) },
  responses: { ...chainStateOf(userSchema, 'the user'), ...refusals(...stateRefusals) },
});

export function addUsers(app: App, deps: Deps): void {
  app.openapi(route, (c) => {
    const { address } = c.req.valid('param');
    return chainState(c, deps, async (db) => c.json(await readUser(db, address), 200));
  });
}
