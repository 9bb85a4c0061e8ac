import { createRoute } from '@hono/zod-openapi';
import { streamCdrEvents } from '../../protocol/api/events.ts';
import type { Deps } from '../deps.ts';
import { streamOf, streamRefusals } from '../events/description.ts';
import { Refusal } from '../http/problem.ts';
import { type App, readerRefusals, refusals, signed } from '../http/route.ts';
import { authenticateUntil } from '../signature/authenticate.ts';
import { readNewest } from './state-horizon.ts';

const states = createRoute({
  method: streamCdrEvents.method,
  path: streamCdrEvents.path,
  operationId: streamCdrEvents.operationId,
  summary: "Changes of state of the signer's own CDRs, as they happen",
  description:
    'Server-sent events `cdr`, oldest first. Begins with what is new, or behind `Last-Event-ID` (0: with all).',
  tags: ['cdrs'],
  security: signed,
  request: { headers: streamCdrEvents.headers, query: streamCdrEvents.query },
  responses: {
    200: streamOf(streamCdrEvents.item),
    ...refusals(...readerRefusals, ...streamRefusals),
  },
});

export function addCdrEvents(app: App, deps: Deps): void {
  app.openapi(states, async (c) => {
    const { escrowId, lastEventId } = c.req.valid('query');
    const id = c.req.valid('header')['last-event-id'] ?? lastEventId;
    const { party, until } = await authenticateUntil(c, deps);
    const after = id === undefined ? null : BigInt(id);
    if (after !== null && after > (await readNewest(deps.db)))
      throw new Refusal('unknownPosition', `this server has no event ${id} yet: begin without Last-Event-ID`);
    const start = { after, generation: 0n, prelude: '', until };
    return deps.streams.open(c, deps.streams.cdrs, party, start, { party, escrowId });
  });
}
