import { createRoute, z } from '@hono/zod-openapi';
import { authorizeCall, listCalls, releaseCall } from '../../protocol/api/calls.ts';
import { heightHeaders } from '../../protocol/api/parameter.ts';
import { callIdSchema } from '../../protocol/call/form.ts';
import { addressOfPublicKey } from '../../protocol/types/address.ts';
import type { Deps } from '../deps.ts';
import { jsonBody, readJson } from '../http/body.ts';
import { awaitMinHeight } from '../http/height.ts';
import { decodeCursor, pageOf } from '../http/page.ts';
import { invalid } from '../http/problem.ts';
import { type App, bodyRefusals, json, readerRefusals, refusals, signatureRefusals, signed } from '../http/route.ts';
import { authenticate, readAsSigner, verifySigned } from '../signature/authenticate.ts';
import { createAuthorize } from './authorize.ts';
import { findHolds } from './find-holds.ts';
import { releaseHold } from './write-holds.ts';

const ask = createRoute({
  method: authorizeCall.method,
  path: authorizeCall.path,
  operationId: authorizeCall.operationId,
  summary: 'May a call begin, or go on',
  description:
    'The provider is the signer. What the call may cost for the next minutes is held, so that no other call is promised ' +
    'it; the same callId again extends the hold. It ends with the CDR of the call, with its release, or by itself.',
  tags: ['calls'],
  security: signed,
  request: {
    headers: heightHeaders.pick({ 'min-height': true }),
    body: { required: true, content: { 'application/json': { schema: authorizeCall.body } } },
  },
  responses: {
    200: json(authorizeCall.answer, 'allowed, for how long and at which price; or the reason why not'),
    ...refusals('invalidRequest', ...signatureRefusals, ...bodyRefusals, 'indexNotReady', 'heightNotReached', 'busy'),
  },
});

const release = createRoute({
  method: releaseCall.method,
  path: releaseCall.path,
  operationId: releaseCall.operationId,
  summary: 'Release the hold of a call that did not come about',
  tags: ['calls'],
  security: signed,
  request: { params: releaseCall.params },
  responses: {
    200: json(releaseCall.answer, 'whether there was a hold; asked again: false'),
    ...refusals('invalidRequest', ...signatureRefusals),
  },
});

const list = createRoute({
  method: listCalls.method,
  path: listCalls.path,
  operationId: listCalls.operationId,
  summary: "What is promised to the signer's running calls",
  tags: ['calls'],
  security: signed,
  request: { query: listCalls.query },
  responses: {
    200: json(listCalls.answer, 'a page of holds, by callId'),
    ...refusals('invalidRequest', ...readerRefusals),
  },
});

const cursorKey = z.tuple([callIdSchema]);

export function addCalls(app: App, deps: Deps): void {
  addAuthorize(app, deps);

  app.openapi(release, async (c) => {
    const { callId } = c.req.valid('param');
    const provider = await authenticate(c, deps);
    return c.json({ released: await releaseHold(deps.db, provider, callId) }, 200);
  });

  app.openapi(list, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const [after] = decodeCursor(cursor, cursorKey) ?? [];
    const found = await readAsSigner(c, deps, ({ address }) =>
      findHolds(deps.quick, address, { limit: limit + 1, after }),
    );
    const { rows, next } = pageOf(found, limit, ({ callId }) => [callId]);
    c.header('Cache-Control', 'private, no-store');
    return c.json({ items: rows, next }, 200);
  });
}

/** Registered apart from its description: a body is read as the bytes that were signed. */
function addAuthorize(app: App, deps: Deps): void {
  const authorize = createAuthorize(deps.hot);
  app.openAPIRegistry.register('AskedCall', authorizeCall.body);
  app.openAPIRegistry.registerPath(ask);
  app.post(authorizeCall.path, async (c) => {
    const bytes = jsonBody(c);
    const verified = await verifySigned(c, deps);
    const body = authorizeCall.body.safeParse(readJson(bytes));
    if (!body.success) throw invalid(body.error);
    await awaitMinHeight(c, deps);
    return c.json(await authorize(addressOfPublicKey(verified.publicKey), body.data, verified), 200);
  });
}
