import { createRoute } from '@hono/zod-openapi';
import type { Database } from '../../database/connection.ts';
import { type Audit, auditQuery, getAudit, reconciliationSchema, stateDigest } from '../../protocol/api/audit.ts';
import { heightHeaders } from '../../protocol/api/parameter.ts';
import type { Deps } from '../deps.ts';
import { chainState } from '../http/height.ts';
import { type App, chainStateOf, refusals, stateRefusals } from '../http/route.ts';

const route = createRoute({
  method: getAudit.method,
  path: getAudit.path,
  operationId: getAudit.operationId,
  summary: 'What the index holds as of a block, and how it last compared with the contract itself',
  tags: ['status'],
  request: { query: auditQuery, headers: heightHeaders },
  responses: { ...chainStateOf(getAudit.answer, 'the audit'), ...refusals(...stateRefusals) },
});

export function addAudit(app: App, deps: Deps): void {
  app.openapi(route, async (c) => {
    const { height } = c.req.valid('query');
    // A block may be reconciled again and again: the answer changes with it, and not with the block alone.
    const last = await deps.db
      .selectFrom('reconciliations')
      .select(({ fn }) => fn.max('id').as('id'))
      .executeTakeFirst();
    return chainState(
      c,
      deps,
      async (db, cursor) => {
        const state = await readState(db, height ?? cursor.height);
        const audit: Audit = { state, reconciliation: await readReconciliation(db) };
        return c.json(audit, 200);
      },
      { variant: `-${height ?? ''}-${last?.id ?? 0}` },
    );
  });
}

async function readState(db: Database, height: number): Promise<Audit['state']> {
  const row = await db.selectFrom('digests').selectAll().where('height', '=', height).executeTakeFirst();
  if (!row) return null;
  const { height: at, ...tables } = row;
  return { height: at, digest: stateDigest(tables), tables };
}

async function readReconciliation(db: Database): Promise<Audit['reconciliation']> {
  const row = await db.selectFrom('reconciliations').selectAll().orderBy('id', 'desc').limit(1).executeTakeFirst();
  if (!row) return null;
  const { height, finishedAt, entries, proved, agrees, result } = row;
  const { differences, conservation } = reconciliationSchema.parse(result);
  const facts = { height, finishedAt: finishedAt.toISOString(), entries: Number(entries), proved, agrees };
  return { ...facts, differences, conservation };
}
