import { createRoute } from '@hono/zod-openapi';
import { getHealth, getReadiness } from '../../protocol/api/status.ts';
import type { Deps } from '../deps.ts';
import { type App, json } from '../http/route.ts';
import { createHealth } from './health.ts';

const alive = createRoute({
  method: getHealth.method,
  path: getHealth.path,
  operationId: getHealth.operationId,
  summary: 'Whether the process runs',
  tags: ['operations'],
  responses: { 200: json(getHealth.answer, 'it does') },
});

const ready = createRoute({
  method: getReadiness.method,
  path: getReadiness.path,
  operationId: getReadiness.operationId,
  summary: 'Whether it can serve: stores, and the lag of the index',
  tags: ['operations'],
  responses: { 200: json(getReadiness.answer, 'it can'), 503: json(getReadiness.answer, 'it can not, and why') },
});

export function addHealth(app: App, deps: Deps): void {
  const readHealth = createHealth(deps);
  app.openapi(alive, (c) => c.json({ status: 'ok' as const, checks: { process: 'ok' } }, 200));
  app.openapi(ready, async (c) => {
    const health = await readHealth();
    c.header('Cache-Control', 'no-store');
    return health.status === 'ok' ? c.json(health, 200) : c.json(health, 503);
  });
}
