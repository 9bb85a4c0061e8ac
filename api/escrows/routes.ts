import { createRoute, z } from '@hono/zod-openapi';
import { escrowSchema, escrowStates } from '../../protocol/api/escrows.ts';
import { listOf } from '../../protocol/api/scalar.ts';
import { keptVoucherSchema, submittedVoucherSchema } from '../../protocol/api/vouchers.ts';
import type { Deps } from '../deps.ts';
import { jsonBody, parseJson } from '../http/body.ts';
import { awaitMinHeight, chainState, heightHeaders } from '../http/height.ts';
import { decodeCursor, pageOf, pageQuery } from '../http/page.ts';
import { invalid, Refusal } from '../http/problem.ts';
import {
  type App,
  addressParameter,
  bodyRefusals,
  chainStateOf,
  idParameter,
  json,
  refusals,
  stateRefusals,
} from '../http/route.ts';
import { keepVoucher } from './keep-voucher.ts';
import { listEscrows, readEscrow } from './read.ts';

const list = createRoute({
  method: 'get',
  path: '/v1/escrows',
  operationId: 'listEscrows',
  summary: 'Escrows, the newest first',
  tags: ['escrows'],
  request: {
    headers: heightHeaders,
    query: z.strictObject({
      ...pageQuery,
      user: addressParameter.optional(),
      provider: addressParameter.optional(),
      state: z.enum(escrowStates).optional(),
    }),
  },
  responses: {
    ...chainStateOf(listOf(escrowSchema).meta({ id: 'EscrowList' }), 'a page of escrows'),
    ...refusals(...stateRefusals),
  },
});

const one = createRoute({
  method: 'get',
  path: '/v1/escrows/{id}',
  operationId: 'getEscrow',
  summary: 'One escrow with its history',
  tags: ['escrows'],
  request: { headers: heightHeaders, params: z.object({ id: idParameter }) },
  responses: { ...chainStateOf(escrowSchema, 'the escrow'), ...refusals(...stateRefusals, 'unknownEscrow') },
});

const voucher = createRoute({
  method: 'post',
  path: '/v1/escrows/{id}/vouchers',
  operationId: 'keepVoucher',
  summary: 'Hand in a voucher',
  description:
    'Not signed: whoever holds a valid voucher may hand it in, until the claim deadline of its escrow. The highest one is kept.',
  tags: ['escrows'],
  request: {
    headers: heightHeaders.pick({ 'min-height': true }),
    params: z.object({ id: idParameter }),
    body: { required: true, content: { 'application/json': { schema: submittedVoucherSchema } } },
  },
  responses: {
    200: json(keptVoucherSchema, 'the highest voucher of the escrow, and what it has to cover'),
    ...refusals(...stateRefusals, ...bodyRefusals, 'unknownEscrow', 'claimDeadlinePassed', 'voucherInvalid'),
  },
});

const cursorKey = z.tuple([z.int()]);

export function addEscrows(app: App, deps: Deps): void {
  app.openapi(list, (c) => {
    const { limit, cursor, user, provider, state } = c.req.valid('query');
    const [before] = decodeCursor(cursor, cursorKey) ?? [];
    const filter = { user, provider, states: state && [state] };
    return chainState(c, deps, async (db) => {
      const escrows = await listEscrows(db, filter, { limit: limit + 1, before });
      const { rows, next } = pageOf(escrows, limit, ({ id }) => [id]);
      return c.json({ items: rows, next }, 200);
    });
  });

  app.openapi(one, (c) => {
    const { id } = c.req.valid('param');
    return chainState(c, deps, async (db) => {
      const escrow = await readEscrow(db, id);
      if (!escrow) throw new Refusal('unknownEscrow', `there was no escrow ${id} up to this block`);
      return c.json(escrow, 200);
    });
  });

  addVouchers(app, deps);
}

/** Registered apart from its description: a body is read as the bytes that came. */
function addVouchers(app: App, deps: Deps): void {
  app.openAPIRegistry.register('SubmittedVoucher', submittedVoucherSchema);
  app.openAPIRegistry.registerPath(voucher);
  app.post('/v1/escrows/:id/vouchers', async (c) => {
    const id = idParameter.safeParse(c.req.param('id'));
    if (!id.success) throw invalid(id.error);
    const body = submittedVoucherSchema.safeParse(parseJson(jsonBody(c)));
    if (!body.success) throw invalid(body.error);
    await awaitMinHeight(c, deps);
    return c.json(await keepVoucher(deps, id.data, body.data), 200);
  });
}
