import { createRoute, z } from '@hono/zod-openapi';
import { getEscrow, listEscrows } from '../../protocol/api/escrows.ts';
import { heightHeaders } from '../../protocol/api/parameter.ts';
import { submitVoucher } from '../../protocol/api/vouchers.ts';
import type { Deps } from '../deps.ts';
import { jsonBody, readJson } from '../http/body.ts';
import { awaitMinHeight, keptState, pastState } from '../http/height.ts';
import { decodeCursor, pageOf } from '../http/page.ts';
import { invalid, Refusal } from '../http/problem.ts';
import { type App, bodyRefusals, chainStateOf, json, refusals, stateRefusals } from '../http/route.ts';
import { keepVoucher } from './keep-voucher.ts';
import { askEscrow, askEscrows, askPastEscrow, presentEscrow, type StoredEscrow } from './read.ts';

const list = createRoute({
  method: listEscrows.method,
  path: listEscrows.path,
  operationId: listEscrows.operationId,
  summary: 'Escrows, the newest first',
  tags: ['escrows'],
  request: {
    headers: heightHeaders,
    query: listEscrows.query,
  },
  responses: {
    ...chainStateOf(listEscrows.answer, 'a page of escrows'),
    ...refusals(...stateRefusals),
  },
});

const one = createRoute({
  method: getEscrow.method,
  path: getEscrow.path,
  operationId: getEscrow.operationId,
  summary: 'One escrow with its history',
  tags: ['escrows'],
  request: { headers: heightHeaders, params: getEscrow.params, query: getEscrow.query },
  responses: {
    ...chainStateOf(getEscrow.answer, 'the escrow'),
    ...refusals(...stateRefusals, 'unknownEscrow', 'unknownHeight'),
  },
});

const voucher = createRoute({
  method: submitVoucher.method,
  path: submitVoucher.path,
  operationId: submitVoucher.operationId,
  summary: 'Hand in a voucher',
  description:
    'Not signed: whoever holds a valid voucher may hand it in, until the claim deadline of its escrow. The highest one is kept.',
  tags: ['escrows'],
  request: {
    headers: heightHeaders.pick({ 'min-height': true }),
    params: submitVoucher.params,
    body: { required: true, content: { 'application/json': { schema: submitVoucher.body } } },
  },
  responses: {
    200: json(submitVoucher.answer, 'the highest voucher of the escrow, and what it has to cover'),
    ...refusals(...stateRefusals, ...bodyRefusals, 'unknownEscrow', 'claimDeadlinePassed', 'voucherInvalid'),
  },
});

const cursorKey = z.tuple([z.int()]);

export function addEscrows(app: App, deps: Deps): void {
  app.openapi(list, (c) => {
    const { limit, cursor, user, provider, state } = c.req.valid('query');
    const [before] = decodeCursor(cursor, cursorKey) ?? [];
    const { ask, values } = askEscrows({ user, provider, state }, { limit: limit + 1, before });
    return keptState(
      c,
      deps,
      ({ once }) => once(ask, values),
      (escrows) => {
        const { rows, next } = pageOf(escrows, limit, ({ id }) => [id]);
        return { items: rows.map(presentEscrow), next };
      },
    );
  });

  app.openapi(one, (c) => {
    const { id } = c.req.valid('param');
    const { height } = c.req.valid('query');
    const present = (escrow: StoredEscrow | null) => {
      if (!escrow) throw new Refusal('unknownEscrow', `there was no escrow ${id} up to this block`);
      return presentEscrow(escrow);
    };
    if (height !== undefined) return pastState(c, deps, { ask: askPastEscrow, key: id, height }, present);
    return keptState(c, deps, ({ byKey }) => byKey(askEscrow, id), present);
  });

  addVouchers(app, deps);
}

/** Registered apart from its description: a body is read as the bytes that came. */
function addVouchers(app: App, deps: Deps): void {
  app.openAPIRegistry.register('SubmittedVoucher', submitVoucher.body);
  app.openAPIRegistry.registerPath(voucher);
  app.post('/v1/escrows/:id/vouchers', async (c) => {
    const params = submitVoucher.params.safeParse(c.req.param());
    if (!params.success) throw invalid(params.error);
    const body = submitVoucher.body.safeParse(readJson(jsonBody(c)));
    if (!body.success) throw invalid(body.error);
    await awaitMinHeight(c, deps);
    return c.json(await keepVoucher(deps, params.data.id, body.data), 200);
  });
}
