import { createRoute } from '@hono/zod-openapi';
import { heightHeaders } from '../../protocol/api/parameter.ts';
import { getStatus, type Status } from '../../protocol/api/status.ts';
import type { Deps } from '../deps.ts';
import { chainState } from '../http/height.ts';
import { type App, chainStateOf, refusals, stateRefusals } from '../http/route.ts';
import { version } from '../http/version.ts';

const route = createRoute({
  method: getStatus.method,
  path: getStatus.path,
  operationId: getStatus.operationId,
  summary: 'Network, contract, and how far node and index are',
  tags: ['status'],
  request: { headers: heightHeaders },
  responses: { ...chainStateOf(getStatus.answer, 'the status'), ...refusals(...stateRefusals) },
});

export function addStatus(app: App, deps: Deps): void {
  app.openapi(route, async (c) => {
    // Read before the node is asked, so that a node without this block is known to lag.
    const known = await deps.db.selectFrom('cursor').select(['height', 'hash']).executeTakeFirst();
    const nodeHeight = await deps.nodeHeight(known);
    const isTold = nodeHeight !== null && nodeHeight >= (known?.height ?? 0);
    return chainState(
      c,
      deps,
      async (_, { network, contract, deployedAt, height }) => {
        const lag = isTold ? Math.max(0, nodeHeight - height) : null;
        const status: Status = {
          network: Number(network),
          contract,
          deployedAt,
          nodeHeight,
          indexHeight: height,
          lag,
          version,
        };
        return c.json(status, 200);
      },
      { variant: `-${nodeHeight}` },
    );
  });
}
