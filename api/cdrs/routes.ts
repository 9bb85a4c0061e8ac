import { createRoute, z } from '@hono/zod-openapi';
import { comparisonShape, getCdr, listCdrs, submitCdrs, submittedCdrSchema } from '../../protocol/api/cdrs.ts';
import { heightHeaders } from '../../protocol/api/parameter.ts';
import { problemSchema } from '../../protocol/api/problem.ts';
import { addressOfPublicKey } from '../../protocol/types/address.ts';
import type { Deps } from '../deps.ts';
import { jsonBody, readJson } from '../http/body.ts';
import { awaitMinHeight } from '../http/height.ts';
import { decodeCursor, pageOf } from '../http/page.ts';
import { invalid, Refusal } from '../http/problem.ts';
import { type App, bodyRefusals, json, readerRefusals, refusals, signatureRefusals, signed } from '../http/route.ts';
import { readProof } from '../proofs/read.ts';
import { readAsSigner, verifySigned } from '../signature/authenticate.ts';
import { createAccept } from './accept.ts';
import { findCdrs, readCdr } from './read.ts';
import { readComparison } from './read-comparison.ts';

const submit = createRoute({
  method: submitCdrs.method,
  path: submitCdrs.path,
  operationId: submitCdrs.operationId,
  summary: 'Submit call detail records',
  description:
    'The provider is the signer. Each CDR gets its verdict once all are committed. Sent again with the same content: ' +
    '`duplicate`, nothing new; with other content: `conflict`, the first stands. ' +
    'One that will never be paid is replaced by a CDR of the same callId with `corrects`.',
  tags: ['cdrs'],
  security: signed,
  request: {
    headers: heightHeaders.pick({ 'min-height': true }),
    body: { required: true, content: { 'application/json': { schema: submitCdrs.body } } },
  },
  responses: {
    202: json(submitCdrs.answer, 'a verdict for each, in the order sent'),
    ...refusals(
      'invalidRequest',
      ...signatureRefusals,
      'notAProvider',
      'tooManyRejected',
      'tooManyWaiting',
      'heightNotReached',
      ...bodyRefusals,
    ),
    409: {
      description: '`cdrConflict`: a single CDR, and another one stands under its callId',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend(submitCdrs.answer.shape).meta({ id: 'CdrConflict' }),
        },
      },
    },
  },
});

const list = createRoute({
  method: listCdrs.method,
  path: listCdrs.path,
  operationId: listCdrs.operationId,
  summary: "The signer's own CDRs, as provider or user, the newest first",
  tags: ['cdrs'],
  security: signed,
  request: {
    headers: heightHeaders.pick({ 'min-height': true }),
    query: listCdrs.query,
  },
  responses: {
    200: json(listCdrs.answer, 'a page of CDRs'),
    ...refusals('invalidRequest', ...readerRefusals, 'heightNotReached'),
  },
});

const one = createRoute({
  method: getCdr.method,
  path: getCdr.path,
  operationId: getCdr.operationId,
  summary: 'One CDR with its proof, for its provider and its user',
  tags: ['cdrs'],
  security: signed,
  request: { headers: heightHeaders.pick({ 'min-height': true }), params: getCdr.params },
  responses: {
    200: json(getCdr.answer, 'the CDR'),
    ...refusals('invalidRequest', ...readerRefusals, 'unknownCdr', 'heightNotReached'),
  },
});

const cursorKey = z.tuple([z.int()]);

export function addCdrs(app: App, deps: Deps): void {
  addSubmit(app, deps);

  app.openapi(list, async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query');
    const [before] = decodeCursor(cursor, cursorKey) ?? [];
    const cdrs = await readAsSigner(c, deps, async ({ address }) => {
      await awaitMinHeight(c, deps);
      return findCdrs(deps.db, address, filter, { limit: limit + 1, before });
    });
    const { rows, next } = pageOf(cdrs, limit, ({ id }) => [id]);
    c.header('Cache-Control', 'private, no-store');
    return c.json({ items: rows, next }, 200);
  });

  app.openapi(one, async (c) => {
    const { id } = c.req.valid('param');
    const cdr = await readAsSigner(c, deps, async ({ address }) => {
      await awaitMinHeight(c, deps);
      return readCdr(deps.db, id, address);
    });
    if (!cdr) throw new Refusal('unknownCdr', `there is no CDR ${id} in which you are provider or user`);
    c.header('Cache-Control', 'private, no-store');
    const outcome = await readProof(deps, id);
    if (outcome.kind === 'broken') deps.log.error({ cdrId: id }, outcome.detail);
    const comparison = comparisonShape(await readComparison(deps.db, id));
    return c.json({ ...cdr, comparison, proof: outcome.kind === 'proof' ? outcome.proof : null }, 200);
  });
}

/** Registered apart from its description: the bytes that were signed come first, what they say second. */
function addSubmit(app: App, deps: Deps): void {
  const accept = createAccept(deps.intake);
  app.openAPIRegistry.register('SubmittedCdr', submittedCdrSchema);
  app.openAPIRegistry.registerPath(submit);
  app.post(submitCdrs.path, async (c) => {
    const bytes = jsonBody(c);
    const verified = await verifySigned(c, deps);
    const body = submitCdrs.body.safeParse(readJson(bytes));
    if (!body.success) throw invalid(body.error);
    await awaitMinHeight(c, deps);
    const { verdicts, newIds } = await accept(addressOfPublicKey(verified.publicKey), body.data.cdrs, verified);
    if (newIds.length > 0) deps.streams.cdrs.wake();
    deps.wake.rate(newIds);
    const [only] = verdicts;
    if (verdicts.length === 1 && only?.verdict === 'conflict')
      throw new Refusal('cdrConflict', only.reason ?? '', { members: { cdrs: verdicts } });
    return c.json({ cdrs: verdicts }, 202);
  });
}
