import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Gateway, openGateway } from '../../../cli/phone/gateway.ts';
import { openPhone } from '../../../cli/phone/phone.ts';
import { openUdp } from '../../../cli/phone/sip-transport.ts';
import { fromMuLaw } from '../../../cli/phone/sound.ts';
import { listCdrs } from '../../../protocol/api/cdrs.ts';
import { createClient } from '../../../protocol/api/client.ts';
import { priceOf } from '../../../protocol/call/price.ts';
import type { Key } from '../../../protocol/sign/key.ts';
import { createFundedAccounts } from '../../../test/harness/accounts.ts';
import { hasKamailio, type Kamailio, startKamailio } from '../../../test/harness/kamailio.ts';
import {
  type ProviderWorld,
  registerBySignature,
  startLimitMs,
  startProviderWorld,
} from '../../../test/harness/provider.ts';
import { hasRtpengine, startRtpengine } from '../../../test/harness/rtpengine.ts';
import { eventually, terms } from '../../../test/harness/world.ts';
import { expectAccessible } from '../site.ts';
import { dial, expectSound, openTelephones, reserve, waitForState } from './site.ts';

const canRun = (await hasKamailio()) && (await hasRtpengine());
const evil = '<img src=x onerror=alert(1)><script>alert(2)</script>';

/** Pages in Chromium, the real Kamailio, rtpengine, wallet service, API and chain. */
describe.runIf(canRun)('telephones in a browser', { timeout: 180_000 }, () => {
  let world: ProviderWorld;
  let kamailio: Kamailio;
  let rtpengine: { stop(): Promise<void> };
  let gateway: Gateway;
  let telephones: Awaited<ReturnType<typeof openTelephones>>;
  let bobKey: Key;
  let carolKey: Key;
  let rudeKey: Key;
  beforeAll(async () => {
    world = await startProviderWorld({ KRYPTON_PROVIDER_VOUCHER_INTERVAL_S: '3' }, { rtpengine: true });
    [bobKey, carolKey, rudeKey] = (await createFundedAccounts(3)) as [Key, Key, Key];
    for (const user of [bobKey, carolKey, rudeKey]) {
      const uuid = crypto.randomUUID();
      await world.send(user, 'register', { user: user.address, provider: world.provider.address, uuid });
    }
    rtpengine = await startRtpengine(world.kit, world.ports.rtpengine);
    kamailio = await startKamailio(world.kit, world.ports.sip);
    gateway = await openGateway(world.gateway, () => {});
    telephones = await openTelephones(world);
  }, startLimitMs);
  afterAll(async () => {
    await telephones?.close();
    gateway?.close();
    await kamailio?.stop();
    await rtpengine?.stop();
    await world?.stopAll();
  });

  const mine = () => world.user as Key;
  async function settled(callId: string) {
    const api = createClient({ url: world.apiUrl, signer: world.provider });
    return eventually(
      async () => {
        const { items } = await api.call(listCdrs, { query: { callId } });
        return items.find(({ state }) => state === 'settled');
      },
      `the settlement of ${callId}`,
      60_000,
    );
  }

  test('call and write to each other, hold, and hang up; what they are sent is only text', async () => {
    const [alice, bob] = [await telephones.open(mine()), await telephones.open(bobKey)];
    await alice.start();
    await bob.start();

    await alice.page.evaluate((to) => (location.hash = `#/messages/${to}`), bobKey.address);
    await alice.page.getByLabel('Message').fill(evil);
    await alice.page.getByRole('button', { name: 'Send' }).click();
    await alice.page.getByText('Delivered').waitFor();
    await bob.page.evaluate((from) => (location.hash = `#/messages/${from}`), mine().address);
    await bob.page.locator('.messages li').waitFor();
    expect(await bob.page.locator('.messages li p').textContent()).toBe(evil);

    await alice.page.evaluate(() => (location.hash = '#/phone'));
    await dial(alice.page, bobKey.address);
    const ringing = bob.page.locator('dialog.incoming');
    await ringing.waitFor();
    expect(await ringing.textContent()).toContain(mine().address);
    await expectAccessible(bob.page);
    await bob.page.getByRole('button', { name: 'Answer' }).click();
    await waitForState(alice.page, 'talking');
    await expectSound(alice.page);
    await expectSound(bob.page);
    await expectAccessible(alice.page);

    await alice.page.getByRole('button', { name: 'Hold' }).click();
    await bob.page.getByText('They have put you on hold').waitFor();
    // a hold that the other side's own offer does not undo
    await alice.page.getByRole('button', { name: 'Resume' }).click();
    await bob.page.getByText('They have put you on hold').waitFor({ state: 'detached' });
    await expectSound(bob.page);
    await bob.page.getByRole('button', { name: 'Hang up' }).click();
    await alice.page.getByText('They hung up').waitFor();
    for (const { complaints, close } of [alice, bob]) {
      expect(complaints).toEqual([]);
      await close();
    }
  });

  test('decline, miss, and take a second call: whoever gets the sound, the other one is held', async () => {
    const [alice, bob] = [await telephones.open(mine()), await telephones.open(bobKey, { price: null })];
    await alice.start();
    await bob.start();
    await dial(bob.page, mine().address);
    await alice.page.getByRole('button', { name: 'Decline' }).click();
    await bob.page.getByText('They declined').waitFor();

    await dial(bob.page, mine().address);
    await alice.page.locator('dialog.incoming').waitFor();
    await bob.page.getByRole('button', { name: 'Hang up' }).first().click();
    await alice.page.getByText('1 missed call').waitFor();

    await bob.page.waitForTimeout(4_500); // what became of it is no longer shown
    const carol = await telephones.open(carolKey);
    await carol.start();
    await dial(alice.page, bobKey.address);
    await bob.page.getByRole('button', { name: 'Answer' }).click();
    await waitForState(alice.page, 'talking');
    await dial(carol.page, mine().address);
    await alice.page.getByRole('button', { name: 'Hold and answer' }).click();
    await bob.page.getByText('They have put you on hold').waitFor();
    await waitForState(carol.page, 'talking');
    await expectSound(carol.page);
    await alice.page.getByRole('button', { name: 'Resume' }).click();
    await carol.page.getByText('They have put you on hold').waitFor();
    await expectSound(bob.page);
    for (const { complaints, close } of [alice, bob, carol]) {
      expect(complaints).toEqual([]);
      await close();
    }
  });

  test('meet names, reasons and cards of strangers that would be code: all of it is text', async () => {
    const rude = await openPhone({
      domain: 'krypton.test',
      user: rudeKey.address,
      open: (receive) => openUdp(world.ports.sip, receive),
      answer: 488,
      phrase: 'javascript:alert(1) &lt;img src=x onerror=alert(1)&gt;', // JsSIP reads none with other signs in it
    });
    await registerBySignature(world, rude, rudeKey);
    const alice = await telephones.open(mine());
    await alice.start();
    await alice.page.evaluate(() => (location.hash = '#/contacts'));
    const card = `BEGIN:VCARD\r\nFN:${evil.replaceAll(';', '')}\r\nTEL:${rudeKey.address}\r\nEND:VCARD\r\n`;
    const files = [{ name: 'x.vcf', mimeType: 'text/vcard', buffer: Buffer.from(card) }];
    await alice.page.locator('input[type=file]').setInputFiles(files);
    await alice.page.getByText('1 contacts imported').waitFor();
    expect(await alice.page.locator('.list bdi').textContent()).toBe(evil);
    await alice.page.evaluate(() => (location.hash = '#/phone'));
    await dial(alice.page, evil);
    await alice.page.getByText('Refused').waitFor();
    expect(await alice.page.locator('.call h2').textContent()).toBe(evil);
    await rude.request('MESSAGE', mine().address, { body: evil, type: 'text/html' });
    await alice.page.evaluate(() => (location.hash = '#/messages'));
    await alice.page.locator('.one-line').waitFor();
    expect(await alice.page.locator('.one-line').textContent()).toBe(evil);
    expect(await alice.page.locator('img, main script').count()).toBe(0);
    expect(alice.complaints).toEqual([]);
    rude.close();
    await alice.close();
  });

  test('a number: heard, keys pressed, paid for exactly what was talked', async () => {
    const escrow = await reserve(world, 10_000_000n);
    const alice = await telephones.open(mine(), { escrow });
    await alice.start();
    await dial(alice.page, '+31 (0)20-123 4567');
    await waitForState(alice.page, 'talking');
    await expectSound(alice.page);
    const loudest = () =>
      Math.max(...gateway.lines().flatMap(({ heard }) => heard.flatMap((packet) => [...packet].map(fromMuLaw))));
    await eventually(async () => loudest() > 3_000, 'our voice at the gateway');
    await alice.page.getByRole('button', { name: 'Keypad' }).click();
    for (const key of '42#') await alice.page.getByRole('toolbar').locator('..').getByLabel(`Key ${key}`).click();
    await eventually(async () => gateway.lines()[0]?.keys() === '42#', 'the keys at the gateway');
    await alice.page.waitForTimeout(8_000);
    const shown = await alice.page.locator('.meter').textContent();
    expect(shown).toMatch(/So far 0\.000\d+ GAS/);
    expect(shown).toMatch(/Enough for/);
    expect(shown).toMatch(/At most 0\.0000\d+ GAS more can be taken/);
    const hungUpAt = Date.now();
    await alice.page.getByRole('button', { name: 'Hang up' }).click();
    await alice.page.getByText('You hung up').waitFor();

    // each total that was signed is no more than what was talked by then, counted anew here
    const state = (await alice.page.evaluate(() => telephonePage.states()[0])) as { answeredAt: number };
    const signed = await alice.page.evaluate(() => telephonePage.signed);
    expect(signed.length).toBeGreaterThanOrEqual(2);
    const deck = { ...terms, initialIncrement: 6, increment: 6 };
    for (const { at, total } of signed)
      expect(BigInt(total)).toBeLessThanOrEqual(priceOf(at - state.answeredAt, deck).price);
    const api = createClient({ url: world.apiUrl, signer: world.provider });
    const callId = await eventually(async () => {
      const { items } = await api.call(listCdrs, { query: {} });
      return items.find(({ escrowId }) => String(escrowId) === escrow?.id)?.callId;
    }, 'the record');
    const cdr = await settled(callId);
    expect(cdr.paid).toBe(signed.at(-1)?.total);
    expect(Date.parse(cdr.endedAt)).toBeLessThan(hungUpAt + 2_000);
    await alice.page.evaluate(() => (location.hash = '#/history'));
    await alice.page.getByText('is what was talked here').waitFor({ timeout: 60_000 });
    expect(alice.complaints).toEqual([]);
    await alice.close();
  });
});
