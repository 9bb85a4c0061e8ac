import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Address } from '../../protocol/types/address.ts';
import { datoshi, parseGas } from '../../protocol/types/datoshi.ts';
import { hasKamailio } from '../../test/harness/kamailio.ts';
import { hasRtpengine } from '../../test/harness/rtpengine.ts';
import { byKeys, byTouch, type Hand } from './hand.ts';
import { expectSum, go, wholeGas } from './purse-page.ts';
import { isLocked, makeKey, password, proveBackup } from './wallet-steps.ts';
import { see, soundOf, startWayWorld, type WayWorld } from './way-world.ts';

const canRun = (await hasKamailio()) && (await hasRtpengine());
const startLimitMs = 180_000;
/** A block, an answer of the proxy's, or a record that is settled: a second each, on idle cores. */
const soon = { timeout: 30_000 };
/** Of the deck of `npm run phone`: counted by the second. */
const ratePerSecond = 100_000n;
/** A second of sound. */
const ENOUGH_PACKETS = 50;

describe.runIf(canRun)('a stranger’s way', () => {
  let world: WayWorld;
  let fees = 0n;
  beforeAll(async () => {
    world = await startWayWorld();
  }, startLimitMs);
  afterAll(() => world?.stop(), 60_000);

  /** Reads what will be signed, says yes, and waits for its block. Fees are what is shown, and nothing else. */
  async function sign(page: Page, name: string, hand: Hand, { isRead = true, locked = false } = {}) {
    const sheet = page.getByRole('dialog');
    const button = sheet.getByRole('button', { name: 'Sign and send' });
    await button.waitFor(soon);
    await see(page, name);
    const sentence = (await sheet.locator('.purse-deeds').textContent()) ?? '';
    fees += parseGas((await sheet.locator('.purse-facts data').first().getAttribute('value')) ?? '');
    await hand.press(button);
    if (locked) {
      const question = page.getByRole('dialog', { name: 'Unlock the wallet' });
      await question.getByLabel('Password', { exact: true }).fill(password);
      await question.getByRole('button', { name: 'Unlock' }).click();
    }
    if (!isRead) return sentence;
    await sheet.getByText(/^Done, in block \d+\.$/).waitFor(soon);
    await hand.press(sheet.getByRole('button', { name: 'Done' }));
    return sentence;
  }

  async function dial(page: Page, hand: Hand): Promise<void> {
    await hand.write(page.getByLabel('Number, name or NEO address'), world.number);
    await page.getByText('0.06 GAS a minute').waitFor(soon);
    await hand.press(page.getByRole('button', { name: 'Call', exact: true }));
  }

  /** The gateway says three tones, and from then on what it hears: sound after them was here before. */
  async function expectToHear(page: Page): Promise<void> {
    await page.getByText('So far').waitFor(soon);
    await expect.poll(async () => (await soundOf(page)).came, soon).toBeGreaterThan(2 * ENOUGH_PACKETS);
    const before = await soundOf(page);
    const isHeard = async () => {
      const { came, went, energy } = await soundOf(page);
      return (
        came - before.came > ENOUGH_PACKETS && went - before.went > ENOUGH_PACKETS && energy - before.energy > 0.001
      );
    };
    await expect.poll(isHeard, soon).toBe(true);
  }

  const spent = (page: Page) => page.locator('.meter data').first().getAttribute('value');

  test('from the empty page to a call that was heard and paid, and all money back', { timeout: 240_000 }, async () => {
    const { page, complaints } = await world.visit();
    page.setDefaultTimeout(15_000);
    await page.getByRole('link', { name: 'Create a wallet' }).waitFor();
    await see(page, '01-welcome');
    // by keyboard alone, until somebody has been called
    const keys = byKeys(page);
    const backup = await makeKey(page, keys);
    await keys.press(page.getByRole('button', { name: 'I have kept it' }));
    await page.locator('.characters').waitFor();
    await see(page, '02-backup');
    await keys.press(page.getByRole('button', { name: 'Show the backup again' }));
    await proveBackup(page, backup, keys);
    const user = backup.address as Address;
    await keys.press(page.getByRole('link', { name: 'Continue' }));
    await keys.press(page.getByRole('button', { name: 'Take 100 GAS of the devnet' }));
    await page.locator('.balance data[value="100"]').waitFor(soon);
    await see(page, '03-gas');
    await keys.press(page.getByRole('link', { name: 'Continue' }));

    await keys.press(page.getByRole('link', { name: /Choose a provider/ }));
    await keys.write(page.getByLabel('A number or a country’s prefix'), world.number);
    await keys.press(page.getByRole('button', { name: 'Search' }));
    const line = page.locator('.purse-line', { hasText: 'phone.test' });
    await line.getByText('Price checked on the chain').waitFor(soon);
    await see(page, '04-providers');
    await keys.press(line.getByRole('link').first());
    await keys.press(page.getByRole('button', { name: 'Register here' }));
    expect(await sign(page, '05-register', keys)).toContain(`Register with ${world.provider}`);
    expect(await world.reader.registrations(user)).toMatchObject([{ provider: world.provider }]);
    // the phone registers by itself, and asks once for what it needs to do so from now on
    await page.getByText('Allow this device to read your calls’ records and to register your phone').waitFor(soon);
    await see(page, '06-allow');
    await keys.press(page.getByRole('dialog').getByRole('button', { name: 'Sign', exact: true }));
    await page.getByText('You are registered here.').waitFor();
    await keys.press(page.getByRole('link', { name: 'Phone' }));
    await page.getByText('Connected').waitFor(soon);
    await see(page);
    // a rule of a view counts more than one for all headings, in whatever order a bundle brings them
    const title = page.locator('.bar h1');
    expect(await title.evaluate((element) => getComputedStyle(element).fontSize)).toBe('18px');

    await dial(page, keys);
    const reserved = await sign(page, '07-reserve', keys, { isRead: false });
    expect(reserved).toContain(`Reserve 1.8 GAS for calls with ${world.provider}, at most 0.06 GAS a minute`);
    await expectToHear(page);
    // nothing stands above the call
    expect(await page.locator('dialog[open]').count()).toBe(0);
    const then = parseGas((await spent(page)) ?? '');
    await expect.poll(async () => parseGas((await spent(page)) ?? '') - then, soon).toBeGreaterThan(2n * ratePerSecond);
    await see(page, '08-call');
    await keys.press(page.getByRole('button', { name: 'Hang up' }));
    await page.getByText('You hung up').waitFor();
    await page.locator('.call').getByText('Cost').waitFor();
    await see(page, '09-cost');
    await keys.press(page.locator('.call').getByRole('link', { name: 'What the call cost' }));
    await page.getByText('Proven here: it is call 1 of 1 in a claim that the chain accepted.').waitFor(soon);
    await page.locator('.calls').waitFor({ state: 'detached', ...soon });
    await see(page, '10-receipt');
    const [id = 0n] = await world.reader.escrowsOf(user);
    const first = await world.reader.escrow(id);
    expect(first).toMatchObject({ calls: 1n, spent: first?.seconds && first.seconds * ratePerSecond });
    await page.getByRole('link', { name: /^0x/ }).click();
    await page.getByText('EscrowSettled').waitFor(soon);
    await see(page);
    expect(await page.locator('.purse-page').textContent()).toContain(`id ${id}, seq 0, amount ${first?.spent}`);

    // a page that begins anew is locked; its escrow is open, and needs no wallet
    await page.getByRole('link', { name: 'Calls' }).click();
    await page.getByText('Your provider’s record is what was talked here.').waitFor(soon);
    await see(page, '11-calls');
    await page.reload();
    await page.getByRole('link', { name: 'Phone' }).click();
    await isLocked(page).waitFor();
    await page.getByText('Connected').waitFor(soon);
    await dial(page, byTouch);
    await expectToHear(page);
    // who leaves the page hangs up, and finds the call where all calls are
    const url = page.url();
    await page.goto('about:blank');
    await page.goto(url);
    await page.getByRole('link', { name: 'Calls' }).click();
    await expect.poll(() => page.getByText('Your provider’s record is what was talked here.').count(), soon).toBe(2);
    await expect.poll(async () => (await world.reader.escrow(id))?.calls, soon).toBe(2n);
    const { spent: paid = 0n } = (await world.reader.escrow(id)) ?? {};

    await page.getByRole('link', { name: 'Purse' }).click();
    await expectSum(page, 'reserved', datoshi(180_000_000n - paid));
    await see(page, '12-purse');
    await page.getByRole('link', { name: `Escrow ${id}` }).click();
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await sign(page, '13-close', byTouch, { locked: true });
    await page.getByText(/Its provider may claim until/).waitFor();
    // its provider has all that was talked, and lets it go before its time to claim is over
    await world.asProvider('escrow', 'close', String(id));
    await page.getByText('This escrow is closed, and its rest is in the contract’s balance.').waitFor(soon);
    await go(page, '#/purse');
    await expectSum(page, 'balance', datoshi(180_000_000n - paid));
    await expectSum(page, 'reserved', datoshi(0n));

    await page.getByRole('link', { name: 'Withdraw' }).click();
    await page.getByRole('button', { name: 'All of it' }).click();
    await page.getByRole('button', { name: 'See what will be signed' }).click();
    await sign(page, '14-withdraw', byTouch);
    const rest = datoshi(wholeGas(100) - paid - fees);
    expect(await world.gasOf(user)).toBe(rest);
    expect(await world.reader.balanceOf(user)).toBe(0n);
    await expectSum(page, 'own', rest);
    await page.getByRole('link', { name: 'History' }).click();
    await page.getByText(`was paid for calls from escrow ${id}`).first().waitFor(soon);
    await expect.poll(() => page.locator('.purse-line', { hasText: /^(Put|Register|Close|Take)/ }).count()).toBe(4);
    await see(page, '15-history');
    expect(complaints).toEqual([]);
  });
});
