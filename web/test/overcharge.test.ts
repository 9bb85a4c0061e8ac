import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient } from '../../protocol/api/client.ts';
import { putTariff } from '../../protocol/api/tariffs.ts';
import type { RateDeckDocument } from '../../protocol/call/rate-deck.ts';
import { bytesOfHex } from '../../protocol/types/bytes.ts';
import { datoshi, parseGas } from '../../protocol/types/datoshi.ts';
import { callFlags } from '../../test/browser/chromium.ts';
import { createFundedAccount } from '../../test/harness/accounts.ts';
import { type Exchange, hasExchange, startExchangeToPstn } from '../../test/harness/exchange.ts';
import { type ProviderWorld, startLimitMs, startProviderWorld } from '../../test/harness/provider.ts';
import { eventually } from '../../test/harness/world.ts';
import { go, openPurse, wholeGas } from './purse-page.ts';
import { expectAccessible, useSite } from './site.ts';

const NUMBER = '+31201234567';
const ratePerSecond = 100_000n;
const soon = { timeout: 30_000 };
const settings: Record<string, unknown> = {};
const site = useSite({ settings, flags: callFlags });

/** The page as everybody has it, and a kit whose provider writes into its store what never was. */
describe.runIf(await hasExchange())('a provider that wants more than was talked', { timeout: 180_000 }, () => {
  let world: ProviderWorld;
  let exchange: Exchange;
  beforeAll(async () => {
    world = await startProviderWorld({ KRYPTON_PROVIDER_VOUCHER_INTERVAL_S: '3' }, { rtpengine: true });
    exchange = await startExchangeToPstn(world);
    const { address } = world.provider;
    settings.contract = world.contract;
    settings.api = world.apiUrl;
    settings.providers = [{ address, ws: `ws://127.0.0.1:${world.ports.ws}`, domain: 'krypton.test' }];
    await publishDeck();
  }, startLimitMs);
  afterAll(async () => {
    await exchange?.stop();
    await world?.stopAll();
  });

  async function publishDeck(): Promise<void> {
    const { address } = world.provider;
    const entry = { prefix: '+31', ratePerSecond: String(ratePerSecond), feePerCall: '0' };
    const deck: RateDeckDocument = {
      version: 1,
      provider: address,
      effectiveFrom: '2026-01-01T00:00:00.000Z',
      entries: [{ ...entry, initialIncrement: 1, increment: 1 }],
    };
    const client = createClient({ url: world.apiUrl, signer: world.provider });
    const { hash } = await client.call(putTariff, { params: { address }, body: deck });
    await world.ask('/tariff', deck, 'PUT');
    const uri = 'https://decks.example.org/deck.json';
    await world.send(world.provider, 'setTariff', { provider: address, uri, hash: bytesOfHex(hash) });
  }

  async function dial(page: Page): Promise<void> {
    await go(page, '#/phone');
    await page.getByLabel('Number, name or NEO address').fill(NUMBER);
    await page.getByText('0.06 GAS a minute').waitFor(soon);
    await page.getByRole('button', { name: 'Call', exact: true }).click();
  }

  function tamper(sql: string, ...values: bigint[]): void {
    const store = new DatabaseSync(join(world.kit, 'store.sqlite'), { timeout: 5_000 });
    expect(store.prepare(sql).run(...values).changes).toBe(1);
    store.close();
  }

  test('is named, gets no signature for it, and nothing of it from the chain', async () => {
    const key = await createFundedAccount(wholeGas(20));
    const { address: provider } = world.provider;
    await world.send(key, 'register', { user: key.address, provider, uuid: randomUUID() });
    const { page, context, complaints } = await openPurse(site, key, world.network);
    await context.grantPermissions(['microphone']);
    await go(page, '#/phone');
    await page.getByText('Connected').waitFor(soon);
    await dial(page);
    await page.getByRole('dialog').getByRole('button', { name: 'Sign and send' }).click(soon);
    await page.getByText('So far').waitFor(soon);
    const [id = 0n] = await world.reader.escrowsOf(key.address);
    const { openedAt } = (await world.reader.escrow(id)) ?? expect.fail('there is no escrow');
    // an honest call, until there is a time before the next one that was never talked
    await expect.poll(() => Date.now() - openedAt.getTime(), { timeout: 60_000 }).toBeGreaterThan(20_000);
    await page.getByRole('button', { name: 'Hang up' }).click();
    await page.getByText('You hung up').waitFor();
    await go(page, '#/history');
    await page.getByText('Your provider’s record is what was talked here.').waitFor(soon);
    const agreed = parseGas((await page.locator('.list data').getAttribute('value')) ?? '');

    await dial(page);
    await page.getByText('So far').waitFor(soon);
    tamper(
      "update calls set answered_at = ?1, invited_at = ?1 where state = 'running'",
      BigInt(openedAt.getTime() + 1_000),
    );
    await page.getByText('Ended by your provider: it says that more was talked than is signed for').waitFor(soon);
    await expectAccessible(page);
    await go(page, '#/history');
    const line = page.locator('.list li', { hasText: 'Ended by your provider' });
    await line.getByText('Your provider’s record is longer than the call was here.').waitFor({ timeout: 60_000 });
    await expectAccessible(page);
    await line.getByRole('link', { name: 'What the call cost' }).click();
    await page.getByText('Only what was talked is signed for.').waitFor();
    const talked = /Talked here(\d+) s/.exec((await page.locator('.purse-facts').textContent()) ?? '')?.[1];
    await expectAccessible(page);

    const signed = await eventually(async () => voucherOf(id), 'what was signed');
    expect(signed.total).toBeLessThanOrEqual(agreed + BigInt(talked ?? 0) * ratePerSecond);
    // the settler may claim at the same time, and a claim that comes second is refused for its number alone
    await eventually(async () => {
      const { seq = 0n, spent = 0n } = (await world.reader.escrow(id)) ?? {};
      const amount = datoshi(signed.total - spent + ratePerSecond);
      const beyond = { escrowId: id, seq, amount, seconds: amount / ratePerSecond, calls: 1n, close: false };
      const claims = [{ ...beyond, cdrRoot: new Uint8Array(32), voucher: signed }];
      const { events } = await world.send(world.provider, 'settle', { claims });
      return events.some((event) => event.name === 'ClaimRejected' && event.code === 9n);
    }, 'a claim that is refused for its voucher');
    const refusal = page.locator('.purse-line', { hasText: `The provider wanted more from escrow ${id}` });
    await eventually(
      async () => {
        await go(page, '#/purse');
        await go(page, '#/purse/history');
        return refusal
          .getByText('checked on the chain')
          .waitFor({ timeout: 5_000 })
          .then(
            () => true,
            () => false,
          );
      },
      'what the chain refused',
      60_000,
    );
    expect(await refusal.textContent()).toContain('than you have signed for');
    await expectAccessible(page);
    expect((await world.reader.escrow(id))?.spent).toBeLessThanOrEqual(signed.total);
    expect(complaints).toEqual([]);
  });

  function voucherOf(id: bigint) {
    const store = new DatabaseSync(join(world.kit, 'store.sqlite'), { timeout: 5_000, readBigInts: true });
    const row = store.prepare('select total, signature from vouchers where escrow_id = ?').get(id);
    store.close();
    return row && { total: datoshi(row.total as bigint), signature: bytesOfHex(String(row.signature)) };
  }
});
