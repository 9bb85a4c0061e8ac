import { createRoute, z } from '@hono/zod-openapi';
import { cdrSchema, verdictsSchema } from '../../protocol/api/cdrs.ts';
import { problemSchema } from '../../protocol/api/problem.ts';
import { listOf } from '../../protocol/api/scalar.ts';
import type { Deps } from '../deps.ts';
import { jsonBody, readJson } from '../http/body.ts';
import { awaitMinHeight, heightHeaders } from '../http/height.ts';
import { decodeCursor, pageOf, pageQuery } from '../http/page.ts';
import { printable } from '../http/printable.ts';
import { invalid, Refusal } from '../http/problem.ts';
import { type App, idParameter, json, refusals, signatureRefusals, signed } from '../http/route.ts';
import { isProvider } from '../providers/read.ts';
import { authenticate } from '../signature/authenticate.ts';
import { acceptCdrs } from './accept.ts';
import { listCdrs, readCdr } from './read.ts';
import { submittedCdrSchema, submittedCdrsSchema } from './submitted.ts';

const submit = createRoute({
  method: 'post',
  path: '/v1/cdrs',
  operationId: 'submitCdrs',
  summary: 'Submit call detail records',
  description:
    'The provider is the signer. Each CDR gets its verdict once all are committed. Sent again with the same content: ' +
    '`duplicate`, nothing new; with other content: `conflict`, the first stands.',
  tags: ['cdrs'],
  security: signed,
  request: { body: { required: true, content: { 'application/json': { schema: submittedCdrsSchema } } } },
  responses: {
    202: json(verdictsSchema, 'a verdict for each, in the order sent'),
    ...refusals(
      'invalidRequest',
      'invalidJson',
      ...signatureRefusals,
      'notAProvider',
      'tooLarge',
      'unsupportedMediaType',
    ),
    409: {
      description: '`cdrConflict`: a single CDR, and another one stands under its callId',
      content: {
        'application/problem+json': { schema: problemSchema.extend(verdictsSchema.shape).meta({ id: 'CdrConflict' }) },
      },
    },
  },
});

const list = createRoute({
  method: 'get',
  path: '/v1/cdrs',
  operationId: 'listCdrs',
  summary: "The signer's own CDRs, as provider or user, the newest first",
  tags: ['cdrs'],
  security: signed,
  request: {
    headers: heightHeaders.pick({ 'min-height': true }),
    query: z.strictObject({
      ...pageQuery,
      escrowId: idParameter.optional(),
      callId: printable(255).optional(),
    }),
  },
  responses: {
    200: json(listOf(cdrSchema).meta({ id: 'CdrList' }), 'a page of CDRs'),
    ...refusals('invalidRequest', ...signatureRefusals, 'heightNotReached'),
  },
});

const one = createRoute({
  method: 'get',
  path: '/v1/cdrs/{id}',
  operationId: 'getCdr',
  summary: 'One CDR, for its provider and its user',
  tags: ['cdrs'],
  security: signed,
  request: { headers: heightHeaders.pick({ 'min-height': true }), params: z.object({ id: idParameter }) },
  responses: {
    200: json(cdrSchema, 'the CDR'),
    ...refusals('invalidRequest', ...signatureRefusals, 'unknownCdr', 'heightNotReached'),
  },
});

const cursorKey = z.tuple([z.int()]);

export function addCdrs(app: App, deps: Deps): void {
  addSubmit(app, deps);

  app.openapi(list, async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query');
    const [before] = decodeCursor(cursor, cursorKey) ?? [];
    const caller = await authenticate(c, deps);
    await awaitMinHeight(c, deps);
    const cdrs = await listCdrs(deps.db, caller, filter, { limit: limit + 1, before });
    const { rows, next } = pageOf(cdrs, limit, ({ id }) => [id]);
    c.header('Cache-Control', 'private, no-store');
    return c.json({ items: rows, next }, 200);
  });

  app.openapi(one, async (c) => {
    const { id } = c.req.valid('param');
    const caller = await authenticate(c, deps);
    await awaitMinHeight(c, deps);
    const cdr = await readCdr(deps.db, id, caller);
    if (!cdr) throw new Refusal('unknownCdr', `there is no CDR ${id} in which you are provider or user`);
    c.header('Cache-Control', 'private, no-store');
    return c.json(cdr, 200);
  });
}

/** Registered apart from its description: the bytes that were signed come first, what they say second. */
function addSubmit(app: App, deps: Deps): void {
  app.openAPIRegistry.register('SubmittedCdr', submittedCdrSchema);
  app.openAPIRegistry.registerPath(submit);
  app.post('/v1/cdrs', async (c) => {
    const bytes = jsonBody(c);
    const provider = await authenticate(c, deps);
    const body = submittedCdrsSchema.safeParse(readJson(bytes));
    if (!body.success) throw invalid(body.error);
    if (!(await isProvider(deps.db, provider)))
      throw new Refusal(
        'notAProvider',
        `${provider} was never deployed as a provider, or the index has not seen it yet`,
      );
    const { verdicts, newIds } = await acceptCdrs(deps.db, provider, body.data.cdrs);
    await deps.wake.rate(newIds);
    const [only] = verdicts;
    if (verdicts.length === 1 && only?.verdict === 'conflict')
      throw new Refusal('cdrConflict', only.reason ?? '', { members: { cdrs: verdicts } });
    return c.json({ cdrs: verdicts }, 202);
  });
}
