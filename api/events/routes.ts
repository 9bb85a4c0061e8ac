import { createRoute, type z } from '@hono/zod-openapi';
import { streamEvents } from '../../protocol/api/events.ts';
import type { Deps } from '../deps.ts';
import { clientOf } from '../http/client.ts';
import { readCursor } from '../http/height.ts';
import { Refusal } from '../http/problem.ts';
import { type App, refusals } from '../http/route.ts';
import { beginOf, formatChainId, parseChainId, readRollback, resumeChain } from './chain-events.ts';
import { streamOf, streamRefusals } from './description.ts';
import { frame } from './frame.ts';
import type { Start } from './stream.ts';

const events = createRoute({
  method: streamEvents.method,
  path: streamEvents.path,
  operationId: streamEvents.operationId,
  summary: "The contract's notifications, as they happen",
  description:
    'Server-sent events in the order of the chain, each named as its notification, with the id `height.position`. ' +
    'Begins with what is new, with a block (`since`), or behind `Last-Event-ID`. `rollback`: a devnet lost its last ' +
    'blocks, and events from above the height that it names never were.',
  tags: ['status'],
  request: { headers: streamEvents.headers, query: streamEvents.query },
  responses: {
    200: streamOf(streamEvents.item),
    ...refusals(...streamRefusals, 'indexNotReady'),
  },
});

export function addEvents(app: App, deps: Deps): void {
  app.openapi(events, async (c) => {
    const { since, lastEventId, ...filter } = c.req.valid('query');
    const id = c.req.valid('header')['last-event-id'] ?? lastEventId;
    await readCursor(deps.db, deps);
    const start = await findStart(deps, id, since);
    const client = clientOf(c, deps.proxies);
    return deps.streams.open(c, deps.streams.chain, client, start, filter);
  });
}

type Query = z.output<typeof streamEvents.query>;

async function findStart({ db }: Deps, id: Query['lastEventId'], since: Query['since']): Promise<Start> {
  if (id === undefined) {
    const generation = await readRollback(db);
    return { after: since === undefined ? null : beginOf(since), remainingMs: null, generation, prelude: '' };
  }
  const place = parseChainId(id);
  const resumed = place && (await resumeChain(db, place));
  if (!resumed) throw new Refusal('unknownPosition', `the chain has no event ${id} yet: begin without Last-Event-ID`);
  const { start, rollback, lostAbove } = resumed;
  const told = { event: 'rollback', height: lostAbove };
  return {
    after: start,
    remainingMs: null,
    generation: rollback,
    prelude: lostAbove === null ? '' : frame('rollback', JSON.stringify(told), formatChainId(start, rollback)),
  };
}
