import { createRoute } from '@hono/zod-openapi';
import { heightHeaders } from '../../protocol/api/parameter.ts';
import { getUser } from '../../protocol/api/users.ts';
import type { Deps } from '../deps.ts';
import { keptState } from '../http/height.ts';
import { type App, chainStateOf, refusals, stateRefusals } from '../http/route.ts';
import { askUser, presentUser } from './read.ts';

const route = createRoute({
  method: getUser.method,
  path: getUser.path,
  operationId: getUser.operationId,
  summary: "A user's registrations, balance and open escrows",
  description: 'Every address is a user: one that was never seen has a balance of 0 and nothing else.',
  tags: ['registry'],
  request: { headers: heightHeaders, params: getUser.params },
  responses: { ...chainStateOf(getUser.answer, 'the user'), ...refusals(...stateRefusals) },
});

export function addUsers(app: App, deps: Deps): void {
  app.openapi(route, (c) => {
    const { address } = c.req.valid('param');
    return keptState(
      c,
      deps,
      ({ byKey }) => byKey(askUser, address),
      (found) => presentUser(address, found),
    );
  });
}
