import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createClient } from '../../protocol/api/client.ts';
import { putTariff } from '../../protocol/api/tariffs.ts';
import { canonicalRateDeck, type RateDeckDocument, rateDeckHash } from '../../protocol/call/rate-deck.ts';
import type { Key } from '../../protocol/sign/key.ts';
import { bytesOfHex } from '../../protocol/types/bytes.ts';
import { urlOf } from '../../test/api-world.ts';
import { createFundedAccount } from '../../test/harness/accounts.ts';
import { type Service, startService } from '../../test/harness/services.ts';
import { cdrRow, createWorld, eventually, openEscrow, type World } from '../../test/harness/world.ts';
import { expectSum, go, openPurse, wholeGas } from './purse-page.ts';
import { expectAccessible, useSite } from './site.ts';

const settings: Record<string, unknown> = {};
const site = useSite({ settings });
let world: World;
let services: Service[] = [];
let url: string;
let key: Key;

const everySecond = { initialIncrement: 1, increment: 1 };

const deckOf = (ratePerSecond: string, provider = world.provider): RateDeckDocument => ({
  version: 1,
  provider: provider.address,
  effectiveFrom: '2026-01-01T00:00:00.000Z',
  entries: [
    { prefix: '+31', ratePerSecond, feePerCall: '0', initialIncrement: 60, increment: 6 },
    { prefix: 'in:', ratePerSecond: '0', feePerCall: '0', ...everySecond },
  ],
});

beforeAll(async () => {
  world = await createWorld();
  services = await Promise.all([
    startService('indexer', world.env),
    startService('settler', world.env),
    startService('api', { ...world.env, KRYPTON_API_PORT: '0', KRYPTON_CORS_ORIGIN: '*' }),
  ]);
  url = await urlOf(services[2] as Service);
  settings.contract = world.contract;
  settings.api = url;
  const deck = deckOf('100000');
  const hash = bytesOfHex(rateDeckHash(canonicalRateDeck(deck)));
  const { height } = await world.send(world.provider, 'setTariff', {
    provider: world.provider.address,
    uri: 'https://decks.example.org/deck.json',
    hash,
  });
  const client = createClient({ url, signer: world.provider, minHeight: height });
  const params = { address: world.provider.address };
  await client.call(putTariff, { params, body: deck });
}, 120_000);
afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
  await world?.destroy();
});
beforeEach(async () => {
  key = await createFundedAccount(wholeGas(20));
});

const open = () => openPurse(site, key, world.network);

describe('providers', { timeout: 90_000 }, () => {
  test('are found by the price to a number, which is checked on the chain', async () => {
    const { page, complaints } = await open();
    await go(page, '#/providers');
    await page.getByLabel('A number or a country’s prefix').fill('+31 20 123 45 67');
    await page.getByLabel('Minutes').fill('3');
    await page.getByRole('button', { name: 'Search' }).click();
    const line = page.locator('.purse-line', { hasText: 'sip.example.org' });
    await line.getByText('0.18 GAS for 3 min').waitFor();
    await line.getByText('Price checked on the chain').waitFor();
    expect(await line.textContent()).toContain('no paid calls yet');
    expect(await page.locator('.purse-differs').count()).toBe(0);
    await expectAccessible(page);
    await line.getByRole('link').first().click();
    await page.getByText('from the service, its hash fits the chain').waitFor();
    await page.getByText('0.18 GAS for 3 min').waitFor();
    await page.getByLabel('Minutes').waitFor({ state: 'detached' });
    await go(page, '#/providers');
    await page.getByLabel('A number or a country’s prefix').fill('+44');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByText('No provider has a price for that.').waitFor();
    expect(complaints).toEqual([]);
  });

  test('a service that lies about price, place or deck is named, and the chain is believed', async () => {
    const { page, context } = await open();
    await context.route(`${url}/v1/providers**`, async (route) => {
      const response = await route.fetch();
      const body = await response.json();
      const lying = (one: { location: string; price: { price: string } | null }) => ({
        ...one,
        location: 'evil.example.org',
        price: one.price && { ...one.price, price: '1' },
      });
      const json = body.items ? { ...body, items: body.items.map(lying) } : lying(body);
      await route.fulfill({ response, json });
    });
    await go(page, '#/providers');
    await page.getByLabel('A number or a country’s prefix').fill('+31201234567');
    await page.getByRole('button', { name: 'Search' }).click();
    const line = page.locator('.purse-line', { hasText: 'sip.example.org' });
    await line.getByText('the service says evil.example.org, the chain says sip.example.org').waitFor();
    await line.getByText('The service says 0.00000001 GAS; by the price list on the chain it is 0.18 GAS.').waitFor();
  });

  test('a service that hands over another deck than the one on the chain is named, and nothing is priced by it', async () => {
    const { page, context } = await open();
    await context.route(`${url}/v1/providers/*/tariff`, async (route) => {
      const response = await route.fetch();
      const body = await response.json();
      body.deck.entries[0].ratePerSecond = '1';
      await route.fulfill({ response, json: body });
    });
    await go(page, '#/providers');
    await page.getByLabel('A number or a country’s prefix').fill('+31201234567');
    await page.getByRole('button', { name: 'Search' }).click();
    const line = page.locator('.purse-line', { hasText: 'sip.example.org' });
    await line.getByText(/The service handed over another price list/).waitFor();
    expect(await line.getByText('Price checked on the chain').count()).toBe(0);
  });

  test('what a provider says of itself is text and no more', async () => {
    const evil = '<img src=x onerror=alert(1)><script>alert(2)</script>';
    const provider = await createFundedAccount(wholeGas(20));
    const deck = {
      ...deckOf('100000', provider),
      entries: [{ prefix: '+49', description: evil, ratePerSecond: '100000', feePerCall: '0', ...everySecond }],
    };
    const hash = bytesOfHex(rateDeckHash(canonicalRateDeck(deck)));
    await world.send(provider, 'deploy', { provider: provider.address, location: evil });
    const uri = `javascript:alert(3)//${evil}`;
    const { height } = await world.send(provider, 'setTariff', { provider: provider.address, uri, hash });
    const client = createClient({ url, signer: provider, minHeight: height });
    await client.call(putTariff, { params: { address: provider.address }, body: deck });
    const { page, complaints } = await open();
    await go(page, '#/providers');
    await page.getByLabel('A number or a country’s prefix').fill('+49');
    await page.getByRole('button', { name: 'Search' }).click();
    const line = page.locator('.purse-line', { hasText: evil });
    await line.getByText('Price checked on the chain').waitFor();
    await line.getByRole('link').first().click();
    await page.getByText('from the service, its hash fits the chain').waitFor();
    await page.getByText(evil).first().waitFor();
    expect(await page.locator('img[src="x"]').count()).toBe(0);
    expect(await page.locator('a[href^="javascript:"]').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('where the service is away, a provider is chosen by its address', async () => {
    const { page, context } = await open();
    await context.route(`${url}/**`, (route) => route.abort());
    await go(page, '#/providers');
    await page.getByText('The service with the list does not answer.').waitFor();
    await page.getByLabel('Or type a provider’s address').fill(world.provider.address);
    await page.getByRole('button', { name: 'Look at it' }).click();
    await page.getByText('nobody hands it over').waitFor();
    await page.getByRole('button', { name: 'Register here' }).waitFor();
  });
});

describe('a service that tells another balance', { timeout: 90_000 }, () => {
  test('is named; what is shown is the chain’s', async () => {
    await world.deposit(key, wholeGas(3));
    const { page, context } = await open();
    await expectSum(page, 'balance', wholeGas(3));
    expect(await page.locator('.purse-differs').count()).toBe(0);
    await context.route(`${url}/v1/users/**`, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), balance: '900000000000' } });
    });
    await page.reload();
    await page
      .getByText('Your balance in the contract: the service says 9,000 GAS, the chain says 3 GAS.')
      .waitFor({ timeout: 20_000 });
    await page.getByText('This page believes the chain.').waitFor();
    await expectSum(page, 'balance', wholeGas(3));
  });
});

describe('the history', { timeout: 90_000 }, () => {
  test('shows what moved on the chain elsewhere, and holds what the service tells of escrows against it', async () => {
    await world.send(key, 'register', { user: key.address, provider: world.provider.address, uuid: randomUUID() });
    const id = await openEscrow(world, wholeGas(2), { user: key });
    await world.send(world.provider, 'closeEscrow', { id });
    const { page, context, complaints } = await open();
    await go(page, '#/purse/history');
    await page.getByText(/2 GAS went to N/).waitFor({ timeout: 20_000 });
    await page.getByText(/20 GAS came from N/).waitFor();
    const line = page.locator('.purse-line', { hasText: `2 GAS came back from escrow ${id}` });
    await line.getByText('checked on the chain').waitFor({ timeout: 20_000 });
    await expectAccessible(page);
    await line.getByRole('link', { name: 'Transaction' }).click();
    await page.getByText('EscrowClosed').waitFor();
    expect(complaints).toEqual([]);
    await context.route(`${url}/v1/escrows**`, async (route) => {
      const response = await route.fetch();
      const text = (await response.text()).replaceAll('"refunded":"200000000"', '"refunded":"300000000"');
      await route.fulfill({ response, body: text });
    });
    await go(page, '#/purse/history');
    await page.locator('.purse-line', { hasText: '3 GAS came back' }).getByText('not so on the chain').waitFor();
  });
});

describe('after a call', { timeout: 120_000 }, () => {
  test('its price, why, and the claim that holds it are shown, proven by the chain', async () => {
    await world.send(key, 'register', { user: key.address, provider: world.provider.address, uuid: randomUUID() });
    const escrowId = await openEscrow(world, wholeGas(1), {
      user: key,
      ratePerSecond: 200_000n,
      increment: 60n,
    } as never);
    const { page, context, extension, complaints } = await open();
    const row = (given = {}) =>
      cdrRow(world, escrowId, { user: key.address, to: '+31201234567', ms: 61_000, ...given });
    // it was answered after the escrow was opened, and the chain's time had to reach its end
    const answeredAt = new Date();
    const times = { startedAt: answeredAt, answeredAt, endedAt: new Date(answeredAt.getTime() + 5_000) };
    const [mine, other] = [row(times), row(times)];
    const inserted = await world.db.insertInto('cdrs').values([mine, other]).returning('id').execute();
    expect(inserted).toHaveLength(2);
    await go(page, `#/receipt/${mine.callId}`);
    await page.getByText('0.06 GAS').first().waitFor({ timeout: 20_000 });
    await eventually(
      async () => (await page.getByText(/Proven here: it is call \d of 2/).count()) > 0,
      'proven',
      60_000,
    );
    expect(await page.locator('.purse-page').textContent()).toContain('60 s × 0.001 GAS a second + 0 GAS a call');
    expect(extension.asked).toEqual(['message']); // the wallet was asked once, for the delegation
    await expectAccessible(page);
    expect(complaints).toEqual([]);

    await context.route(`${url}/v1/cdrs/*`, async (route) => {
      const response = await route.fetch();
      const body = await response.json();
      body.proof.path = body.proof.path.map((step: object) => ({ ...step, sum: '1' }));
      await route.fulfill({ response, json: { ...body, price: '7' } });
    });
    await page.reload();
    await page.getByText('The proof does not fit what the chain says:').waitFor({ timeout: 20_000 });
    await page.getByText('The price should be 0.06 GAS, the provider says 0.00000007 GAS.').waitFor();
  });
});
