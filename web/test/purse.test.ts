import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import type { Reader } from '../../chain/read.ts';
import { createKey, type Key } from '../../protocol/sign/key.ts';
import { createFundedAccount } from '../../test/harness/accounts.ts';
import { createWorld, type World } from '../../test/harness/world.ts';
import { expectSum, gas, go, openPurse, readerOf, signAndWait, sum, wholeGas } from './purse-page.ts';
import { expectAccessible, useSite } from './site.ts';

const settings: Record<string, unknown> = {};
const site = useSite({ settings });
let world: World;
let reader: Reader;
let key: Key;

beforeAll(async () => {
  world = await createWorld();
  settings.contract = world.contract;
  reader = readerOf(world, inject('base').rpc);
}, 120_000);
afterAll(() => world?.destroy());
beforeEach(async () => {
  key = await createFundedAccount(wholeGas(20));
});

const open = () => openPurse(site, key, world.network);

describe('money moves', { timeout: 90_000 }, () => {
  test('into the contract, out of it and to a friend; each with its sentence, its block and its place in the history', async () => {
    const { page, extension, complaints } = await open();
    expect(extension.asked).toEqual(['message']);
    await expectSum(page, 'own', wholeGas(20));
    await expectAccessible(page);

    await page.getByRole('link', { name: 'Deposit' }).click();
    await page.getByLabel('Amount in GAS').fill('5');
    await page.getByRole('button', { name: 'See what will be signed' }).click();
    await page.getByRole('dialog').locator('.purse-deed').waitFor();
    await expectAccessible(page);
    const deposited = await signAndWait(page);
    expect(deposited.sentence).toContain('Put 5 GAS into the contract');
    expect(deposited.outcome).toMatch(/^Done, in block \d+\.$/);
    await expectSum(page, 'balance', wholeGas(5));
    expect(await reader.balanceOf(key.address)).toBe(wholeGas(5));

    await page.getByRole('link', { name: 'Withdraw' }).click();
    await page.getByLabel('Amount in GAS').fill('1,25');
    await page.getByRole('button', { name: 'See what will be signed' }).click();
    expect((await signAndWait(page)).sentence).toContain(`Take 1.25 GAS out of the contract, to ${key.address}`);
    await expectSum(page, 'balance', gas(3.75));

    const friend = createKey().address;
    await page.getByRole('link', { name: 'Send' }).click();
    await page.getByLabel('Receiver’s address').fill(friend);
    await page.getByLabel('Amount in GAS').fill('2');
    await page.getByRole('button', { name: 'See what will be signed' }).click();
    expect((await signAndWait(page)).sentence).toContain(`Send 2 GAS to ${friend}.`);
    expect(extension.asked).toEqual(['message', 'transaction', 'transaction', 'transaction']);

    await page.getByRole('link', { name: 'History' }).click();
    const lines = page.locator('.purse-line');
    await expect.poll(() => lines.count()).toBeGreaterThanOrEqual(3);
    expect(await lines.first().textContent()).toContain(`Send 2 GAS to ${friend}`);
    await expectAccessible(page);
    await lines.first().getByRole('link').click();
    await page.getByText('Block', { exact: true }).waitFor();
    expect(await page.locator('.purse-page').textContent()).toContain(`Send 2 GAS to ${friend}`);
    expect(complaints).toEqual([]);
  });

  test('nowhere, with too little GAS or an amount that is none', async () => {
    const { page } = await open();
    await page.getByRole('link', { name: 'Deposit' }).click();
    const amount = page.getByLabel('Amount in GAS');
    const look = page.getByRole('button', { name: 'See what will be signed' });
    for (const [typed, words] of [
      ['1.5x', 'An amount of GAS is digits'],
      ['0', 'It has to be more than 0'],
      ['21', 'There is only 20 GAS'],
    ] as const) {
      await amount.fill(typed);
      await look.click();
      await page.getByText(words).waitFor();
    }
    await amount.fill('20');
    await look.click();
    await page
      .getByRole('dialog')
      .getByText(/too little GAS: this takes 20\.\d+ GAS with its fees, and there is 20 GAS/)
      .waitFor();
    expect(await reader.balanceOf(key.address)).toBe(0n);
  });

  test('nowhere, where the wallet refuses, signs something else, or its person says no on the page', async () => {
    const { page, extension } = await open();
    const ask = async () => {
      await page.getByLabel('Amount in GAS').fill('1');
      await page.getByRole('button', { name: 'See what will be signed' }).click();
    };
    const sheet = page.getByRole('dialog');
    const close = () => sheet.locator('.sheet-body > button', { hasText: 'Close' }).click();
    await page.getByRole('link', { name: 'Deposit' }).click();
    extension.mood = 'refuses';
    await ask();
    await sheet.getByRole('button', { name: 'Sign and send' }).click();
    await sheet.getByText('You did not sign').waitFor();
    await close();
    extension.mood = 'signsSomethingElse';
    await ask();
    await sheet.getByRole('button', { name: 'Sign and send' }).click();
    await sheet.getByText('no signature of this account for this transaction').waitFor();
    await close();
    const { length } = extension.asked;
    await ask();
    await sheet.getByRole('button', { name: 'Cancel' }).click();
    await sheet.waitFor({ state: 'detached' });
    expect(extension.asked).toHaveLength(length);
    expect(await reader.balanceOf(key.address)).toBe(0n);
  });
});

describe('a provider and an escrow', { timeout: 120_000 }, () => {
  test('are chosen by address, registered, reserved for, extended, closed, and unregistered', async () => {
    const { page, complaints } = await open();
    await go(page, '#/providers');
    await page.getByText('These pages have no service with a list').waitFor();
    await page.getByLabel('Or type a provider’s address').fill(world.provider.address);
    await page.getByRole('button', { name: 'Look at it' }).click();
    await page.getByText('sip.example.org').waitFor();
    await page.getByText('It has no price list on the chain').waitFor();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Register here' }).click();
    expect((await signAndWait(page)).sentence).toContain(`Register with ${world.provider.address}`);
    expect(await reader.registrations(key.address)).toMatchObject([{ provider: world.provider.address }]);

    await page.getByLabel('At most a minute, in GAS').fill('0.6');
    await page.getByLabel('Amount in GAS').fill('3');
    await page.getByRole('button', { name: 'See what will be signed' }).click();
    const opened = await signAndWait(page);
    // the deposit that it needs is a deed of its own in the same transaction
    expect(opened.sentence).toContain('Put 3 GAS into the contract');
    expect(opened.sentence).toContain(
      `Reserve 3 GAS for calls with ${world.provider.address}, at most 0.6 GAS a minute, for 1 day.`,
    );
    expect(opened.sentence).toContain('only what this device signs for');
    await expectSum(page, 'reserved', wholeGas(3));
    const [id] = await reader.escrowsOf(key.address);
    const escrow = await reader.escrow(id as bigint);
    expect(escrow).toMatchObject({ ratePerSecond: 1_000_000n, increment: 60, amount: wholeGas(3) });
    expect(escrow?.voucherKey).toMatch(/^0[23][0-9a-f]{64}$/);

    await page.getByRole('link', { name: `Escrow ${id}` }).click();
    await page.getByText('Vouchers are signed by this device.').waitFor();
    await expectAccessible(page);
    await page.getByLabel('Hours to add').fill('2');
    await page.getByRole('button', { name: 'See what will be signed' }).click();
    expect((await signAndWait(page)).sentence).toContain(`Let escrow ${id} last 2 hours longer.`);
    const extended = await reader.escrow(id as bigint);
    expect(extended?.endsAt.getTime()).toBe((escrow?.endsAt.getTime() ?? 0) + 7_200_000);
    await page.getByLabel('Add to it without asking').fill('0.5');
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByText('Kept.').waitFor();
    await page.reload();
    await expect.poll(() => page.getByLabel('Add to it without asking').inputValue()).toBe('0.5');
    await page.getByText('Vouchers are signed by this device.').waitFor();

    await page.getByRole('button', { name: 'Close', exact: true }).click();
    expect((await signAndWait(page)).sentence).toContain(`Close escrow ${id}.`);
    await page.getByText(/Its provider may claim until/).waitFor();
    await go(page, '#/purse');
    await page.getByRole('button', { name: 'End it' }).click();
    await signAndWait(page);
    expect(await reader.registrations(key.address)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test('the contract’s refusals are told in words', async () => {
    const { page } = await open();
    const nobody = createKey().address;
    await go(page, `#/provider/${nobody}`);
    await page.getByText('No such provider stands on the chain.').waitFor();
    await go(page, '#/escrow/999999');
    await page.getByText('This escrow is closed').waitFor();
  });
});

describe('the node', { timeout: 90_000 }, () => {
  test('is away: that is said, what was read stays, and it is read again', async () => {
    const { page, context } = await open();
    const { rpc } = inject('base');
    await context.route(`${rpc}/**`, (route) => route.abort());
    await page.getByText('No node answers. It is tried again.').waitFor({ timeout: 20_000 });
    expect(await sum(page, 'own')).toBe('20');
    await page.getByRole('link', { name: 'Deposit' }).click();
    await page.getByLabel('Amount in GAS').fill('1');
    await page.getByRole('button', { name: 'See what will be signed' }).click();
    await page.getByRole('dialog').getByText('No node answers').waitFor();
    await page.getByRole('dialog').locator('.sheet-body > button').click();
    await context.unroute(`${rpc}/**`);
    await page.locator('.purse-trouble').waitFor({ state: 'detached', timeout: 20_000 });
  });

  test('of another network, or without the contract, is refused', async () => {
    const { rpc } = inject('base');
    const { page, context } = await open();
    await context.route(`${rpc}/**`, async (route) => {
      if (!route.request().postData()?.includes('getversion')) return route.continue();
      const response = await route.fetch();
      const body = await response.json();
      body.result.protocol.network = 860_833_102;
      await route.fulfill({ response, json: body });
    });
    await page.reload();
    await page.getByText('The node is of another network: nothing is signed there.').waitFor();
    await context.unroute(`${rpc}/**`);
    settings.contract = `0x${'0d'.repeat(20)}`;
    await page.reload();
    await page.getByText('no such contract').waitFor();
    settings.contract = world.contract;
  });

  test('after a reload, what was sent before is looked up and not sent again', async () => {
    const { rpc } = inject('base');
    const { page, context } = await open();
    let sent = 0;
    let isKept = true;
    await context.route(`${rpc}/**`, async (route) => {
      const data = route.request().postData() ?? '';
      if (data.includes('sendrawtransaction')) sent += 1;
      // the page is closed before it hears of the block
      if (isKept && data.includes('gettransactionheight')) return route.abort();
      return route.continue();
    });
    await page.getByRole('link', { name: 'Deposit' }).click();
    await page.getByLabel('Amount in GAS').fill('4');
    await page.getByRole('button', { name: 'See what will be signed' }).click();
    const sheet = page.getByRole('dialog');
    await sheet.getByRole('button', { name: 'Sign and send' }).click();
    await sheet.getByText('The node is away. It may take place all the same').waitFor();
    await go(page, '#/purse');
    await page.reload();
    await page.getByText('waiting for its block').waitFor();
    isKept = false;
    await expectSum(page, 'balance', wholeGas(4));
    await page.getByText('waiting for its block').waitFor({ state: 'detached', timeout: 20_000 });
    await page.getByRole('link', { name: 'History' }).click();
    await page
      .getByRole('link', { name: /^block \d+$/ })
      .first()
      .waitFor();
    expect(sent).toBe(1);
    expect(await reader.balanceOf(key.address)).toBe(wholeGas(4));
  });
});
