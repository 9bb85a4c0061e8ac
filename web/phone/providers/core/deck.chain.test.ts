import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Client } from '../../../../protocol/api/client.ts';
import { ApiUnreachable } from '../../../../protocol/api/failure.ts';
import { getTariff, listTariffs } from '../../../../protocol/api/tariffs.ts';
import { hashOfDeck, type RateDeckDocument, rateDeckSchema } from '../../../../protocol/call/rate-deck.ts';
import { createKey, type Key } from '../../../../protocol/sign/key.ts';
import { bytesOfHex, type Hex } from '../../../../protocol/types/bytes.ts';
import type { TxHash } from '../../../../protocol/types/hash.ts';
import { createFundedAccount } from '../../../../test/harness/accounts.ts';
import { createWorld, type World } from '../../../../test/harness/world.ts';
import { type Chain, openChain } from '../../../purse/core/chain.ts';
import { readDeck } from './deck.ts';
import { checkProvider } from './facts.ts';
import { agreementFor, quoteOf } from './quote.ts';

let world: World;
let chain: Chain;
let provider: Key;
beforeAll(async () => {
  world = await createWorld();
  chain = openChain({ nodes: [inject('base').rpc], network: world.network, contract: world.contract });
}, 60_000);
afterAll(() => world?.destroy());

const now = () => new Date();
const past = '2026-01-01T00:00:00.000Z';
const future = '2099-01-01T00:00:00.000Z';

const documentOf = (effectiveFrom = past, ratePerSecond = '1000'): RateDeckDocument => ({
  version: 1,
  provider: provider.address,
  effectiveFrom,
  entries: [
    { prefix: '+31', ratePerSecond, feePerCall: '500', initialIncrement: 30, increment: 6 },
    { prefix: '', ratePerSecond: '9000', feePerCall: '0', initialIncrement: 1, increment: 1 },
  ],
});
const hashOf = (document: RateDeckDocument): Hex => hashOfDeck(rateDeckSchema.parse(document));

/** A provider of the test's own, with these decks set on chain in their order. */
async function deploy(...decks: (() => RateDeckDocument)[]): Promise<{ hash: Hex; txHash: TxHash }[]> {
  provider = await createFundedAccount();
  await world.send(provider, 'deploy', { provider: provider.address, location: 'sip.example.org' });
  const set: { hash: Hex; txHash: TxHash }[] = [];
  for (const deck of decks) {
    const hash = hashOf(deck());
    const args = { provider: provider.address, uri: 'https://decks.example.org/x', hash: bytesOfHex(hash) };
    set.push({ hash, txHash: (await world.send(provider, 'setTariff', args)).txHash });
  }
  return set;
}

type Told = { inForce: object | null; deck: unknown };

/** A service that tells what a test wants. */
const serviceOf = (tariff: (at?: Date) => Told, history: object[] = []): Client =>
  ({
    call: async (operation: unknown, given: { query?: { at?: Date } }) => {
      if (operation === getTariff) return tariff(given.query?.at);
      if (operation === listTariffs) return { items: history, next: null };
      throw new Error('asked for something else');
    },
  }) as unknown as Client;

const told = (document: unknown, set: { hash: Hex; txHash: TxHash } | undefined): Told => ({
  inForce: { ...set },
  deck: document,
});

describe('a deck', () => {
  test('of the service whose hash stands on the chain prices a number', async () => {
    const [set] = await deploy(() => documentOf());
    const client = serviceOf(() => told(documentOf(), set));
    const proven = await readDeck({ chain, client, now, known: new Map() }, provider.address);
    expect(proven).toMatchObject({ kind: 'deck', hash: set?.hash, from: 'service' });
    const quote = quoteOf(proven, '+31201234567', 1);
    expect(quote).toMatchObject({ kind: 'price', entry: '+31', seconds: 60n, price: 60_500n });
    expect(agreementFor(quote)).toEqual({ ratePerSecond: 1_000n, feePerCall: 500n, increment: 30 });
    expect(quoteOf(proven, '+442071234567', 2)).toMatchObject({ entry: '', price: 1_080_000n });
    expect(quoteOf(proven, 'nobody', 1)).toEqual({ kind: 'noTariff' });
    expect(quoteOf(proven, createKey().address, 1)).toEqual({ kind: 'free' });
  });

  test('that was proven once is not asked for again, but its hash is', async () => {
    const [set] = await deploy(() => documentOf());
    let asked = 0;
    const client = serviceOf(() => {
      asked += 1;
      return told(documentOf(), set);
    });
    const deps = { chain, client, now, known: new Map() };
    for (let time = 0; time < 2; time += 1)
      expect(await readDeck(deps, provider.address)).toMatchObject({ kind: 'deck', hash: set?.hash });
    expect(asked).toBe(1);
    const other = hashOf(documentOf(past, '7'));
    await world.send(provider, 'setTariff', { provider: provider.address, uri: 'x', hash: bytesOfHex(other) });
    expect(await readDeck(deps, provider.address)).toMatchObject({ kind: 'lies', hash: other });
    expect(asked).toBe(2);
  });

  test('of a service that lowers a price, or leaves the form, is a lie and prices nothing', async () => {
    const [set] = await deploy(() => documentOf());
    for (const deck of [documentOf(past, '1'), { ...documentOf(), provider: createKey().address }, { entries: [] }]) {
      const proven = await readDeck(
        { chain, client: serviceOf(() => told(deck, set)), now, known: new Map() },
        provider.address,
      );
      expect(proven).toMatchObject({ kind: 'lies', hash: set?.hash });
      expect(quoteOf(proven, '+31201234567', 1)).toEqual({ kind: 'unknown', why: 'lies' });
    }
  });

  test('that was set before counts while the newest waits for its time, both by the chain', async () => {
    const [first, second] = await deploy(
      () => documentOf(past, '1000'),
      () => documentOf(future, '2000'),
    );
    const history = [
      { ...second, effectiveFrom: future },
      { ...first, effectiveFrom: past },
    ];
    const tariff = (at?: Date) =>
      at ? told(documentOf(future, '2000'), second) : told(documentOf(past, '1000'), first);
    const proven = await readDeck(
      { chain, client: serviceOf(tariff, history), now, known: new Map() },
      provider.address,
    );
    expect(proven).toMatchObject({ kind: 'deck', hash: first?.hash });

    // an older one that was never set, or set while the newest is in force already
    const never = serviceOf((at) => (at ? tariff(at) : told(documentOf(past, '1'), first)), history);
    expect(await readDeck({ chain, client: never, now, known: new Map() }, provider.address)).toMatchObject({
      kind: 'lies',
    });
    const [old, newest] = await deploy(
      () => documentOf(past, '1000'),
      () => documentOf(past, '2000'),
    );
    const stale = serviceOf(
      (at) => (at ? told(documentOf(future, '2000'), newest) : told(documentOf(past, '1000'), old)),
      [{ ...newest, effectiveFrom: future }],
    );
    expect(await readDeck({ chain, client: stale, now, known: new Map() }, provider.address)).toMatchObject({
      kind: 'lies',
    });
  });

  test('is missing where nobody hands it over, and none where the chain has none', async () => {
    const [set] = await deploy(() => documentOf());
    const away = { call: () => Promise.reject(new ApiUnreachable('away')) } as unknown as Client;
    expect(await readDeck({ chain, client: away, now, known: new Map() }, provider.address)).toEqual({
      kind: 'missing',
      hash: set?.hash,
    });
    expect(await readDeck({ chain, client: null, now, known: new Map() }, provider.address)).toEqual({
      kind: 'missing',
      hash: set?.hash,
    });
    await deploy();
    expect(await readDeck({ chain, client: null, now, known: new Map() }, provider.address)).toEqual({ kind: 'none' });
  });
});

test('what a service says of a provider is held against the chain', async () => {
  const [set] = await deploy(() => documentOf());
  const honest = {
    address: provider.address,
    location: 'sip.example.org',
    tariff: { uri: 'https://decks.example.org/x', hash: set?.hash ?? '', matches: true },
    operator: null,
    deployedAt: past,
    undeployedAt: null,
    stats: { settledCalls: null, answeredRatio: null, meanSeconds: null, rejectedClaims: null },
    price: null,
  };
  const liesOf = async (told: object) =>
    (await checkProvider(chain, provider.address, { ...honest, ...told })).lies.map(({ what }) => what);
  expect(await liesOf({})).toEqual([]);
  expect(await liesOf({ location: 'evil.example.org' })).toEqual(['location']);
  expect(await liesOf({ tariff: null })).toEqual(['tariff']);
  expect(await liesOf({ operator: createKey().address })).toEqual(['operator']);
  expect(await liesOf({ undeployedAt: past })).toEqual(['deployed']);
  const nobody = createKey().address;
  expect(await checkProvider(chain, nobody, { ...honest, address: nobody })).toMatchObject({
    record: null,
    lies: [{ what: 'deployed', told: 'yes', chain: 'no' }],
  });
});
