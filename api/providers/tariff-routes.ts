import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Database } from '../../database/connection.ts';
import { heightHeaders } from '../../protocol/api/parameter.ts';
import { getTariff, getTariffPrice, listTariffs, putTariff } from '../../protocol/api/tariffs.ts';
import type { Deps } from '../deps.ts';
import { jsonBody } from '../http/body.ts';
import { awaitMinHeight, chainState } from '../http/height.ts';
import { decodeCursor, pageOf } from '../http/page.ts';
import { invalid, Refusal } from '../http/problem.ts';
import {
  type App,
  bodyRefusals,
  chainStateOf,
  json,
  refusals,
  signatureRefusals,
  signed,
  stateRefusals,
} from '../http/route.ts';
import { authenticate } from '../signature/authenticate.ts';
import { askedDestination } from './asked-destination.ts';
import { checkDeckApart } from './deck-thread.ts';
import { keepDeck, refuseStranger } from './keep-deck.ts';
import { findTariffs, readPrice, readTariff } from './read-tariff.ts';

const put = createRoute({
  method: putTariff.method,
  path: putTariff.path,
  operationId: putTariff.operationId,
  summary: 'Hand in a rate deck',
  description:
    'The provider is the signer. The deck takes effect when its hash stands on chain (setTariff) and its ' +
    '`effectiveFrom` has come. The same deck again changes nothing. Up to 200,000 entries and 32 MiB.',
  tags: ['tariffs'],
  security: signed,
  request: {
    headers: heightHeaders.pick({ 'min-height': true }),
    params: putTariff.params,
    body: { required: true, content: { 'application/json': { schema: putTariff.body } } },
  },
  responses: {
    200: json(putTariff.answer, 'the deck is kept'),
    ...refusals(
      'invalidRequest',
      ...signatureRefusals,
      'notAProvider',
      ...bodyRefusals,
      'deckInvalid',
      'tooManyDecks',
      'heightNotReached',
      'busy',
    ),
  },
});

const one = createRoute({
  method: getTariff.method,
  path: getTariff.path,
  operationId: getTariff.operationId,
  summary: 'The rate deck in force',
  tags: ['tariffs'],
  request: { headers: heightHeaders, params: getTariff.params, query: getTariff.query },
  responses: { ...chainStateOf(getTariff.answer, 'the deck'), ...refusals(...stateRefusals, 'unknownHeight') },
});

const history = createRoute({
  method: listTariffs.method,
  path: listTariffs.path,
  operationId: listTariffs.operationId,
  summary: 'The rate decks that were set on chain, the newest first',
  tags: ['tariffs'],
  request: { headers: heightHeaders, params: listTariffs.params, query: listTariffs.query },
  responses: { ...chainStateOf(listTariffs.answer, 'a page of decks'), ...refusals(...stateRefusals) },
});

const price = createRoute({
  method: getTariffPrice.method,
  path: getTariffPrice.path,
  operationId: getTariffPrice.operationId,
  summary: 'What a call costs',
  tags: ['tariffs'],
  request: { headers: heightHeaders, params: getTariffPrice.params, query: getTariffPrice.query },
  responses: {
    ...chainStateOf(getTariffPrice.answer, 'the entry that prices it, and what it comes to'),
    ...refusals(...stateRefusals, 'unknownHeight', 'unknownTariff', 'noTariff', 'deckMissing'),
  },
});

const cursorKey = z.tuple([z.int().max(0x7fff_ffff), z.int().max(0x7fff_ffff)]);

export function addTariffs(app: App, deps: Deps): void {
  addPut(app, deps);

  app.openapi(history, (c) => {
    const { address } = c.req.valid('param');
    const { limit, cursor } = c.req.valid('query');
    const before = decodeCursor(cursor, cursorKey);
    return chainState(c, deps, async (db) => {
      const found = await findTariffs(db, address, { limit: limit + 1, before });
      const { rows, next } = pageOf(found, limit, ({ key }) => key);
      return c.json({ items: rows.map(({ deck }) => deck), next }, 200);
    });
  });

  app.openapi(one, (c) => {
    const { address } = c.req.valid('param');
    const asked = c.req.valid('query');
    return tariffState(c, deps, asked, async (db, at) => {
      const found = await readTariff(db, address, at);
      const known = { provider: address, at: at.toISOString(), inForce: found?.inForce ?? null };
      const matches = found && found.document !== null;
      // The document is put in as it is kept: megabytes that need not be taken apart first.
      const text = JSON.stringify({ ...known, matches, deck: null });
      const body = found?.document ? text.replace(/null}$/, () => `${found.document}}`) : text;
      return c.body(body, 200, { 'Content-Type': 'application/json' });
    });
  });

  app.openapi(price, (c) => {
    const { address } = c.req.valid('param');
    const { dest, minutes, ...moment } = c.req.valid('query');
    const destination = askedDestination(dest);
    return tariffState(c, deps, moment, async (db, at) =>
      c.json(await readPrice(db, address, { destination, at, ms: minutes }), 200),
    );
  });
}

type Moment = { at?: Date | undefined; height?: number | undefined };

/** As of a time, or of the time of a block; else of now. */
function tariffState(
  c: Context,
  deps: Deps,
  { at, height }: Moment,
  read: (db: Database, at: Date) => Promise<Response>,
): Promise<Response> {
  if (at && height !== undefined) throw bothAsked();
  const now = new Date(deps.now());
  return chainState(c, deps, (db, { time }) => read(db, at ?? (height === undefined ? now : time)), { height });
}

function bothAsked(): Refusal {
  const message = 'expected a time or a height, not both';
  return new Refusal('invalidRequest', `height: ${message}`, { errors: [{ path: 'height', message }] });
}

/** Registered apart from its description: a body is read as the bytes that came. */
function addPut(app: App, deps: Deps): void {
  app.openAPIRegistry.register('RateDeck', putTariff.body);
  app.openAPIRegistry.registerPath(put);
  app.put('/v1/providers/:address/tariff', async (c) => {
    const bytes = jsonBody(c);
    const params = putTariff.params.safeParse(c.req.param());
    if (!params.success) throw invalid(params.error);
    const provider = await authenticate(c, deps);
    if (provider !== params.data.address)
      throw new Refusal('notAProvider', `a deck of ${params.data.address} is handed in by its own signature`);
    await awaitMinHeight(c, deps);
    await refuseStranger(deps.db, provider);
    const checked = await checkDeckApart(bytes, provider, new Date(deps.now()));
    if ('code' in checked) throw new Refusal(checked.code, checked.detail, { errors: checked.errors });
    return c.json(await keepDeck(deps.db, provider, checked), 200);
  });
}
