import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findPrices } from '../database/prices.ts';
import { providerSchema } from '../protocol/api/providers.ts';
import { getTariff, listTariffs, priceSchema, putTariff } from '../protocol/api/tariffs.ts';
import { deckInForce, type SetDeck } from '../protocol/call/deck-in-force.ts';
import { indexDeck } from '../protocol/call/deck-index.ts';
import { type Destination, destinationOf } from '../protocol/call/destination.ts';
import { canonicalRateDeck, rateDeckHash, rateDeckSchema } from '../protocol/call/rate-deck.ts';
import { createKey } from '../protocol/sign/key.ts';
import type { Signer } from '../protocol/sign/signer.ts';
import { type ApiWorld, addEvent, createApiWorld, deployProviders, moveTo, setTariff, timeOf } from './api-world.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await createApiWorld();
  await deployProviders(world, world.provider);
  for (let height = 1; height <= 60; height += 1) await moveTo(world, height);
});
afterAll(() => world.destroy());

const entry = (prefix: string, rate = 1, more = {}) => ({
  prefix,
  ratePerSecond: String(rate),
  feePerCall: '0',
  initialIncrement: 60,
  increment: 6,
  ...more,
});
const deckOf = ({ address }: Signer, entries: unknown[] = [entry('')], more = {}) => ({
  version: 1 as const,
  provider: address,
  effectiveFrom: timeOf(0).toISOString(),
  entries,
  ...more,
});
type Document = Parameters<typeof canonicalRateDeck>[0];
const hashOf = (deck: unknown) => rateDeckHash(canonicalRateDeck(deck as Document));
const put = (deck: unknown, signer = world.provider, address = signer.address) =>
  world.signed(signer, `/v1/providers/${address}/tariff`, { method: 'PUT', body: deck });

/** A provider of one's own, with a deck in force where one is given. */
async function newProvider(entries?: unknown[], height = 2): Promise<Signer> {
  const provider = createKey();
  await deployProviders(world, provider);
  if (!entries) return provider;
  const deck = deckOf(provider, entries);
  expect((await put(deck, provider)).status).toBe(200);
  await setTariff(world, provider, hashOf(deck), height);
  return provider;
}

describe('a deck is handed in', () => {
  test('and answered with its hash; the same again changes nothing', async () => {
    const provider = await newProvider();
    const deck = deckOf(provider, [entry(''), entry('+31', 2, { description: 'Nederland ☎' })]);
    const first = await put(deck, provider);
    expect([first.status, putTariff.answer.parse(first.body)]).toEqual([
      200,
      { hash: hashOf(deck), entries: 2, effectiveFrom: deck.effectiveFrom, onChain: false, warnings: [] },
    ]);
    await setTariff(world, provider, hashOf(deck), 3);
    expect((await put(deck, provider)).body).toEqual({ ...first.body, onChain: true });
    expect(await countDecks(provider)).toBe(1);
  });

  test('and each bad entry is named by its place', async () => {
    const bad = [
      entry('31'),
      entry('+31', 1, { increment: 0 }),
      entry('+32', 1, { rate: 1 }),
      entry('+33'),
      entry('+33'),
    ];
    const { status, body } = await put(deckOf(world.provider, bad));
    expect([status, body.code]).toEqual([422, 'deckInvalid']);
    expect(body.errors.map(({ path }: { path: string }) => path)).toEqual([
      'entries.0.prefix',
      'entries.1.increment',
      'entries.2.rate',
      'entries.4.prefix',
    ]);
    expect(body.errors[3].message).toBe("'+33' stands in entry 3 already");
  });

  test('and taken from a provider who was just deployed, once the index has that block', async () => {
    const provider = createKey();
    const next = 61;
    const path = `/v1/providers/${provider.address}/tariff`;
    const handIn = (minHeight: string) =>
      world.signed(provider, path, {
        method: 'PUT',
        body: deckOf(provider),
        headers: { 'min-height': minHeight },
      });
    const cdrs = world.signed(provider, '/v1/cdrs', { body: { cdrs: [{}] }, headers: { 'min-height': String(next) } });
    const waiting = [handIn(String(next)), cdrs];
    await new Promise((resolve) => setTimeout(resolve, 200));
    await deployProviders(world, provider);
    await moveTo(world, next);
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 202]);
    expect((await handIn('soon')).body).toMatchObject({ status: 400, code: 'invalidRequest' });
  });

  test('and refused where it is somebody else’s, a stranger’s, no JSON, or says a thing twice', async () => {
    const other = createKey();
    const codeOf = async (answer: ReturnType<typeof put>) => (await answer).body.code;
    expect(await codeOf(put(deckOf(other), world.provider, other.address))).toBe('notAProvider');
    expect(await codeOf(put(deckOf(other), other))).toBe('notAProvider');
    expect(await codeOf(put(deckOf(other)))).toBe('deckInvalid');
    expect(await codeOf(put([]))).toBe('deckInvalid');
    const path = `/v1/providers/${world.provider.address}/tariff`;
    const unsigned = await fetch(world.url + path, {
      method: 'PUT',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
    expect([unsigned.status, ((await unsigned.json()) as { code: string }).code]).toEqual([401, 'signatureMissing']);
  });

  test('until twenty wait for their hash on chain; the oldest makes room after a week', async () => {
    const provider = await newProvider();
    const nth = (n: number) => put(deckOf(provider, [entry('', n)]), provider);
    for (let n = 1; n <= 20; n += 1) expect((await nth(n)).status).toBe(200);
    expect((await nth(21)).body.code).toBe('tooManyDecks');
    expect((await nth(20)).status).toBe(200);
    await sql`update rate_decks set received_at = now() - interval '8 days' where provider = ${provider.address}`.execute(
      world.db,
    );
    expect((await nth(21)).status).toBe(200);
    expect(await countDecks(provider)).toBe(20);
  });

  test('with 200,000 entries, while others are answered', { timeout: 60_000 }, async () => {
    const provider = await newProvider();
    const many = Array.from({ length: 200_000 }, (_, n) => entry(`+${100_000 + n}`, n, { description: `area ${n}` }));
    const handedIn = put(deckOf(provider, many), provider);
    let isOver = false;
    handedIn.finally(() => {
      isOver = true;
    });
    let longestMs = 0;
    let asked = 0;
    for (; !isOver; asked += 1) {
      const begin = performance.now();
      expect((await world.get('/healthz')).status).toBe(200);
      longestMs = Math.max(longestMs, performance.now() - begin);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const { status, body } = await handedIn;
    expect([status, body.entries]).toEqual([200, 200_000]);
    // Checking alone takes more than a second of processor time: on this thread it would show.
    expect([asked > 20, longestMs < 1_000]).toEqual([true, true]);
    await setTariff(world, provider, body.hash, 4);
    const price = await world.get(`/v1/providers/${provider.address}/tariff/price?dest=%2B299999123`);
    expect(price.body).toMatchObject({ entry: '+299999', ratePerSecond: '199999' });
    const got = await world.get(`/v1/providers/${provider.address}/tariff`);
    expect(hashOf(got.body.deck)).toBe(body.hash);
  });
});

const countDecks = async ({ address }: Signer) => {
  const { count } = await world.db
    .selectFrom('rateDecks')
    .select(({ fn }) => fn.countAll<bigint>().as('count'))
    .where('provider', '=', address)
    .executeTakeFirstOrThrow();
  return Number(count);
};

describe('the deck in force', () => {
  test('is shown with what stands on chain, now and at any time; so is the history', async () => {
    const provider = await newProvider();
    const path = `/v1/providers/${provider.address}/tariff`;
    const shown = async (query = '') => getTariff.answer.parse((await world.get(path + query)).body);
    expect(await shown()).toMatchObject({ inForce: null, matches: null, deck: null });
    const deck = deckOf(provider);
    await put(deck, provider);
    await setTariff(world, provider, hashOf(deck), 10);
    await setTariff(world, provider, `0x${'ab'.repeat(32)}`, 20);
    expect(await shown(`?at=${timeOf(9).toISOString()}`)).toMatchObject({ inForce: null });
    expect(await shown(`?at=${timeOf(10).toISOString()}`)).toMatchObject({
      inForce: { hash: hashOf(deck), height: 10, setAt: timeOf(10).toISOString(), entries: 1 },
      matches: true,
      deck,
    });
    expect(await shown()).toMatchObject({ inForce: { height: 20, effectiveFrom: null }, matches: false, deck: null });
    const { body } = await world.get(`${path}/history?limit=1`);
    const rest = await world.get(`${path}/history?cursor=${body.next}`);
    const heights = [body, rest.body].flatMap((page) =>
      listTariffs.answer.parse(page).items.map(({ height }) => height),
    );
    expect([heights, rest.body.next]).toEqual([[20, 10], null]);
    expect((await world.get(`/v1/providers/${provider.address}`)).body.tariff).toMatchObject({ matches: false });
  });

  test('is none for a provider that was deployed anew', async () => {
    const provider = await newProvider([entry('')], 5);
    await addEvent(world.db, 'ProviderDeployed', { provider: provider.address, location: 'sip.test' }, 6);
    const { body } = await world.get(`/v1/providers/${provider.address}/tariff`);
    expect(body).toMatchObject({ inForce: null, matches: null, deck: null });
  });
});

describe('a price', () => {
  test('of a minute, of a destination of each kind', async () => {
    const provider = await newProvider([
      entry('', 1),
      entry('+31', 2),
      entry('+3120', 3, { feePerCall: '7' }),
      entry('in:', 4),
    ]);
    const price = (query: string) => world.get(`/v1/providers/${provider.address}/tariff/price?${query}`);
    expect(priceSchema.parse((await price('dest=%2B31201234567')).body)).toMatchObject({
      entry: '+3120',
      seconds: 60,
      price: '187',
    });
    expect((await price('dest=+3130&minutes=1.01')).body).toMatchObject({ entry: '+31', seconds: 66, price: '132' });
    expect((await price('dest=%2B441')).body).toMatchObject({ entry: '', price: '60' });
    expect((await price('dest=in:')).body).toMatchObject({ entry: 'in:', price: '240' });
    for (const dest of ['sms:', world.user.address])
      expect((await price(`dest=${dest}`)).body).toMatchObject({ entry: null, seconds: 0, price: '0' });
    expect((await price('dest=bob')).body.errors).toMatchObject([{ path: 'dest' }]);
    expect((await price('dest=%2B31&minutes=-1')).body.errors).toMatchObject([{ path: 'minutes' }]);
    for (const at of ['0001-01-01T00:00:00%2B14:00', '9999-12-31T23:59:59-14:00'])
      expect((await price(`dest=%2B31&at=${at}`)).body.errors).toMatchObject([{ path: 'at' }]);
    const madeUp = Buffer.from(JSON.stringify([2 ** 31, 0])).toString('base64url');
    const { body } = await world.get(`/v1/providers/${world.provider.address}/tariff/history?cursor=${madeUp}`);
    expect(body.errors).toMatchObject([{ path: 'cursor' }]);
  });

  test('is told to be missing, each way it may be', async () => {
    const ask = async ({ address }: Signer) => {
      const { status, body } = await world.get(`/v1/providers/${address}/tariff/price?dest=%2B441`);
      return [status, body.code];
    };
    const [bare, without, missing] = [await newProvider(), await newProvider([entry('+31')]), await newProvider()];
    await setTariff(world, missing, `0x${'cd'.repeat(32)}`, 3);
    expect(await ask(bare)).toEqual([404, 'unknownTariff']);
    expect(await ask(without)).toEqual([404, 'noTariff']);
    expect(await ask(missing)).toEqual([409, 'deckMissing']);
  });

  test('finds providers, the cheapest first, page by page', async () => {
    const dear = await newProvider([entry('+7', 30)]);
    const cheap = await newProvider([entry('+79', 9), entry('+7', 99)]);
    const same = await newProvider([entry('+7', 9)]);
    await newProvider([entry('+8')]);
    const missing = await newProvider();
    await setTariff(world, missing, `0x${'ef'.repeat(32)}`, 3);
    const found: unknown[] = [];
    for (let next: string | null = ''; next !== null; ) {
      const { body } = await world.get(
        `/v1/providers?dest=%2B79123&minutes=2&limit=1&cursor=${next}&q=sip`.replace('&cursor=&', '&'),
      );
      for (const item of body.items) {
        const { address, price } = providerSchema.parse(item);
        if ([dear, cheap, same].some((each) => each.address === address))
          found.push([address, price?.price, price?.entry]);
      }
      next = body.next;
    }
    const nine = [
      [cheap.address, '1080', '+79'],
      [same.address, '1080', '+7'],
    ].sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
    expect(found).toEqual([...nine, [dear.address, '3600', '+7']]);
    const all = await world.get('/v1/providers?dest=%2B79123&limit=1000');
    expect(all.body.items.map(({ address }: { address: string }) => address)).not.toContain(missing.address);
    expect((await world.get('/v1/providers?sort=price')).body.errors).toMatchObject([{ path: 'sort' }]);
  });
});

test('the database and the pure rules find the same deck, the same entry and the same price', {
  timeout: 60_000,
}, async () => {
  const prefix = fc.constantFrom('', '+1', '+12', '+123', '+1234567890', 'neo:', 'in:', 'sms:');
  const deck = fc.record({
    effectiveFrom: fc.integer({ min: 0, max: 50 }),
    prefixes: fc.uniqueArray(prefix, { minLength: 1 }),
    isHandedIn: fc.boolean(),
  });
  const asked = fc.record({
    at: fc.integer({ min: 0, max: 60_000 }),
    to: fc.constantFrom('+1', '+12', '+1239', '+1234567890123', '+2', 'sms:+1', 'bob', world.user.address),
    direction: fc.constantFrom('outbound', 'inbound'),
  });
  const heights = fc.array(fc.record({ deck: fc.nat(), height: fc.integer({ min: 1, max: 59 }) }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(deck, { minLength: 1, maxLength: 4 }),
      heights,
      fc.array(asked, { minLength: 1 }),
      async (decks, sets, calls) => {
        const provider = await newProvider();
        const kept = decks.map(({ effectiveFrom, prefixes, isHandedIn }, n) => {
          const entries = prefixes.map((each, i) => entry(each, n * 100 + i));
          const document = deckOf(provider, entries, { effectiveFrom: timeOf(effectiveFrom).toISOString() });
          const parsed = rateDeckSchema.parse(document);
          return {
            document,
            isHandedIn,
            hash: hashOf(document),
            index: indexDeck(parsed),
            effectiveFrom: timeOf(effectiveFrom),
          };
        });
        const documents = new Map(kept.map((each) => [each.hash, each]));
        for (const { document, isHandedIn } of kept) if (isHandedIn) await put(document, provider);
        const isKnown = (hash: string) => kept.some((each) => each.hash === hash && each.isHandedIn);
        const inOrder = sets.toSorted((a, b) => a.height - b.height);
        const history: SetDeck[] = [];
        for (const { deck: n, height } of inOrder) {
          const { hash, effectiveFrom } = kept[n % kept.length] as (typeof kept)[number];
          await setTariff(world, provider, hash, height);
          history.push({ hash, setAt: timeOf(height), effectiveFrom: isKnown(hash) ? effectiveFrom : null });
        }
        const destinations = calls.map((call) => destinationOf(call));
        const moments = calls.map(({ at }) => new Date(timeOf(0).getTime() + at));
        const found = await findPrices(
          world.db,
          calls.map((_, i) => ({
            provider: provider.address,
            destination: destinations[i] as Destination,
            at: moments[i] as Date,
          })),
        );
        const expected = calls.map((_, i) => {
          const inForce = deckInForce(history, moments[i] as Date);
          if (inForce.kind === 'none') return { kind: 'noDeck' };
          const tariffHash = inForce.hash;
          if (inForce.kind === 'missing') return { kind: 'deckMissing', tariffHash };
          const priced = documents.get(tariffHash)?.index.find(destinations[i] as Destination);
          if (priced === 'free') return { kind: 'free', tariffHash };
          if (!priced) return { kind: 'noTariff', tariffHash };
          return { kind: 'entry', terms: priced.terms, entry: priced.prefix, tariffHash };
        });
        expect(found).toEqual(expected);
      },
    ),
    { numRuns: 40 },
  );
});
