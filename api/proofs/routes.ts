import { createRoute } from '@hono/zod-openapi';
import { getProof } from '../../protocol/api/proofs.ts';
import type { Deps } from '../deps.ts';
import { Refusal } from '../http/problem.ts';
import { type App, json, refusals } from '../http/route.ts';
import { readProof } from './read.ts';

const one = createRoute({
  method: getProof.method,
  path: getProof.path,
  operationId: getProof.operationId,
  summary: 'That a call is in a claim on the chain, without saying which call',
  description:
    'The hash of the call, what was paid for it, and the way from there to the `cdrRoot` that stands on the chain. ' +
    'The parties of the call get the same with the call itself from `GET /v1/cdrs/{id}`.',
  tags: ['settlements'],
  request: { params: getProof.params },
  responses: {
    200: json(getProof.answer, 'the proof'),
    ...refusals('invalidRequest', 'unknownProof', 'databaseUnavailable'),
  },
});

/** A block is final on NEO: what was settled stays so. On a devnet that loses blocks, an hour is soon over. */
const MAX_AGE_S = 3_600;

export function addProofs(app: App, deps: Deps): void {
  app.openapi(one, async (c) => {
    const { id } = c.req.valid('param');
    const outcome = await readProof(deps, id);
    if (outcome.kind === 'notSettled') throw new Refusal('unknownProof', `there is no CDR ${id} that is settled`);
    if (outcome.kind === 'broken') throw new Error(outcome.detail);
    c.header('Cache-Control', `public, max-age=${MAX_AGE_S}`);
    return c.json({ ...outcome.proof, cdr: null }, 200); // who called whom stays with the parties
  });
}
