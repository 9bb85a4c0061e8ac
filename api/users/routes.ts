import { createRoute } from '@hono/zod-openapi';
import { heightHeaders } from '../../protocol/api/parameter.ts';
import { getUser } from '../../protocol/api/users.ts';
import type { Deps } from '../deps.ts';
import { keptState, pastState } from '../http/height.ts';
import { type App, chainStateOf, refusals, stateRefusals } from '../http/route.ts';
import { askPastUser, askUser, presentUser, type StoredUser } from './read.ts';

const route = createRoute({
  method: getUser.method,
  path: getUser.path,
  operationId: getUser.operationId,
  summary: "A user's registrations, balance and open escrows",
  description: 'Every address is a user: one that was never seen has a balance of 0 and nothing else.',
  tags: ['registry'],
  request: { headers: heightHeaders, params: getUser.params, query: getUser.query },
  responses: { ...chainStateOf(getUser.answer, 'the user'), ...refusals(...stateRefusals, 'unknownHeight') },
});

export function addUsers(app: App, deps: Deps): void {
  app.openapi(route, (c) => {
    const { address } = c.req.valid('param');
    const { height } = c.req.valid('query');
    const present = (found: StoredUser) => presentUser(address, found);
    if (height !== undefined) return pastState(c, deps, { ask: askPastUser, key: address, height }, present);
    return keptState(c, deps, ({ byKey }) => byKey(askUser, address), present);
  });
}
