import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLine } from '../../../cli/phone/line.ts';
import { openPhone, type Phone } from '../../../cli/phone/phone.ts';
import { openUdp, type Receive } from '../../../cli/phone/sip-transport.ts';
import { listCdrs } from '../../../protocol/api/cdrs.ts';
import { createClient } from '../../../protocol/api/client.ts';
import { priceOf } from '../../../protocol/call/price.ts';
import type { Key } from '../../../protocol/sign/key.ts';
import { pickPort } from '../../../stack/ports.ts';
import { createFundedAccount, createFundedAccounts } from '../../../test/harness/accounts.ts';
import { hasExchange, loudest, settled, startExchangeToPstn } from '../../../test/harness/exchange.ts';
import {
  type ProviderWorld,
  registerBySignature,
  startLimitMs,
  startProviderWorld,
} from '../../../test/harness/provider.ts';
import { eventually, terms } from '../../../test/harness/world.ts';
import { expectAccessible } from '../site.ts';
import { openRelay } from './relay.ts';
import { dial, expectSound, expectWakeLocks, openTelephones, reserve, waitForState } from './site.ts';

const soon = { timeout: 30_000 };
/** What is still plugged in: no real device can be pulled out of a test's machine. */
async function plug(page: Page, what: 'all' | 'the rest' | 'nothing'): Promise<void> {
  await page.evaluate((left) => {
    const { mediaDevices } = navigator;
    const { getUserMedia, enumerateDevices } = MediaDevices.prototype;
    const chosen = Object.values(JSON.parse(localStorage.getItem('krypton.sound') ?? '{}'));
    mediaDevices.enumerateDevices = async () =>
      left === 'nothing'
        ? []
        : (await enumerateDevices.call(mediaDevices)).filter(
            ({ deviceId }) => left === 'all' || !chosen.includes(deviceId),
          );
    mediaDevices.getUserMedia = async (wanted) => {
      if (left === 'nothing') throw new DOMException('Requested device not found', 'NotFoundError');
      return getUserMedia.call(mediaDevices, wanted);
    };
    if (left !== 'all') telephonePage.endMicrophone();
    mediaDevices.dispatchEvent(new Event('devicechange'));
  }, what);
}

const evil = '<img src=x onerror=alert(1)><script>alert(2)</script>';

/** Pages in Chromium, the real Kamailio, rtpengine, wallet service, API and chain. */
describe.runIf(await hasExchange())('telephones in a browser', { timeout: 180_000 }, () => {
  let world: ProviderWorld;
  let exchange: Awaited<ReturnType<typeof startExchangeToPstn>>;
  let telephones: Awaited<ReturnType<typeof openTelephones>>;
  /** Of another gateway, from which calls come. */
  let trunk: number;
  let bobKey: Key;
  let carolKey: Key;
  beforeAll(async () => {
    const env = { KRYPTON_PROVIDER_VOUCHER_INTERVAL_S: '3' };
    trunk = await pickPort(new Set());
    world = await startProviderWorld(env, { rtpengine: true }, (live) => [live, `sip:127.0.0.1:${trunk}`]);
    [bobKey, carolKey] = (await createFundedAccounts(2)) as [Key, Key];
    for (const user of [bobKey, carolKey]) await register(user);
    exchange = await startExchangeToPstn(world);
    telephones = await openTelephones(world);
  }, startLimitMs);
  afterAll(async () => {
    await telephones?.close();
    await exchange?.stop();
    await world?.stopAll();
  });

  const mine = () => world.user as Key;
  const register = (user: Key) =>
    world.send(user, 'register', {
      user: user.address,
      provider: world.provider.address,
      uuid: crypto.randomUUID(),
    });
  /** A telephone of another make, of somebody new. */
  async function openRude(answer: number, phrase = 'OK'): Promise<Phone> {
    const key = await createFundedAccount();
    await register(key);
    const open = (receive: Receive) => openUdp(world.ports.sip, receive);
    const rude = await openPhone({ domain: 'krypton.test', user: key.address, open, answer, phrase });
    await registerBySignature(world, rude, key);
    return rude;
  }
  /** Our voice comes to the gateway, from now on. */
  async function expectToBeHeard(): Promise<void> {
    const before = exchange.gateway.lines()[0]?.heard.length ?? 0;
    await eventually(
      async () => loudest({ heard: exchange.gateway.lines()[0]?.heard.slice(before) ?? [] }) > 3_000,
      'our voice at the gateway',
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
    await expectAccessible(alice.page);
    await bob.page.evaluate((from) => (location.hash = `#/messages/${from}`), mine().address);
    await bob.page.locator('.messages li').waitFor();
    expect(await bob.page.locator('.messages li p').textContent()).toBe(evil);

    await alice.page.evaluate(() => (location.hash = '#/phone'));
    await dial(alice.page, bobKey.address);
    const ringing = bob.page.locator('dialog.incoming');
    await ringing.waitFor();
    expect(await ringing.textContent()).toContain(mine().address);
    await expectAccessible(bob.page);
    await expectAccessible(alice.page);
    await bob.page.getByRole('button', { name: 'Answer' }).click();
    await waitForState(alice.page, 'talking');
    await expectSound(alice.page);
    await expectSound(bob.page);
    await expectAccessible(alice.page);
    await expectWakeLocks(alice.page, 1);

    await alice.page.getByRole('button', { name: 'Hold' }).click();
    await bob.page.getByText('They have put you on hold').waitFor();
    await alice.page.getByRole('button', { name: 'Mute' }).click();
    await alice.page.getByRole('button', { name: 'Transfer' }).click();
    for (const { page } of [alice, bob]) await expectAccessible(page);
    await alice.page.getByRole('button', { name: 'Speak again' }).click();
    // a hold that the other side's own offer does not undo
    await alice.page.getByRole('button', { name: 'Resume' }).click();
    await bob.page.getByText('They have put you on hold').waitFor({ state: 'detached' });
    await expectSound(bob.page);
    await bob.page.getByRole('button', { name: 'Hang up' }).click();
    await alice.page.getByText('They hung up').waitFor();
    for (const { page } of [alice, bob]) await expectWakeLocks(page, 0);
    await expectAccessible(alice.page);
    for (const { complaints, close } of [alice, bob]) {
      expect(complaints).toEqual([]);
      await close();
    }
  });

  test('ring on where the line breaks meanwhile, and answer; or are told that nobody calls any more', async () => {
    const relay = await openRelay(world.ports.ws);
    const alice = await telephones.open(mine());
    const bob = await telephones.open(bobKey, { price: null }, relay.url);
    await alice.start();
    await bob.start();
    const ringing = bob.page.locator('dialog.incoming');
    const ring = async () => {
      await dial(alice.page, bobKey.address);
      await ringing.waitFor();
      relay.be('cut');
      await expect.poll(() => bob.page.evaluate(() => telephonePage.line()?.recovery)).not.toBe('steady');
    };
    const comeBack = async () => {
      relay.be('open');
      await expect.poll(() => bob.page.evaluate(() => telephonePage.line()?.recovery), soon).toBe('steady');
    };
    const talk = async () => {
      await waitForState(alice.page, 'talking');
      for (const { page } of [alice, bob]) await expectSound(page);
      await alice.page.getByRole('button', { name: 'Hang up' }).click();
      await bob.page.getByText('They hung up').waitFor();
    };
    const answer = bob.page.getByRole('button', { name: 'Answer' });

    await ring();
    await comeBack();
    await bob.page.waitForTimeout(3_500); // so long it may take until it rings by the new line
    expect(await ringing.count()).toBe(1);
    await answer.click();
    await talk();

    await ring();
    await answer.click(); // while there is no line
    await comeBack();
    await talk();

    await ring();
    await alice.page.getByRole('button', { name: 'Hang up' }).first().click();
    await comeBack();
    await bob.page.getByText('1 missed call').waitFor();
    expect(await ringing.count()).toBe(0);
    await alice.close();
    await bob.close();
    relay.close();
  });

  test('hold and resume at the same moment: the offers cross, and each is taken in the end', async () => {
    const [alice, bob] = [await telephones.open(mine()), await telephones.open(bobKey, { price: null })];
    await alice.start();
    await bob.start();
    await dial(alice.page, bobKey.address);
    await bob.page.getByRole('button', { name: 'Answer' }).click();
    await waitForState(alice.page, 'talking');
    const bothClick = async (name: 'Hold' | 'Resume') => {
      const buttons = [alice, bob].map(({ page }) => page.getByRole('button', { name, exact: true }));
      for (const button of buttons) await expect.poll(() => button.isEnabled(), soon).toBe(true);
      const at = Date.now() + 500;
      const clickThen = (element: HTMLElement | SVGElement, then: number) =>
        setTimeout(() => (element as HTMLElement).click(), then - Date.now());
      await Promise.all(buttons.map((button) => button.evaluate(clickThen, at)));
    };
    const bothAre = async (sound: string) => {
      for (const { page } of [alice, bob])
        await expect.poll(() => page.evaluate(() => telephonePage.state()), soon).toMatchObject({ sound });
    };
    for (let round = 0; round < 2; round += 1) {
      await bothClick('Hold');
      await bothAre('inactive');
      await alice.page.waitForTimeout(3_500); // longer than silence is borne where sound is expected
      await bothClick('Resume');
      await bothAre('sendrecv');
    }
    for (const { page } of [alice, bob]) await expectSound(page);
    // both come back at once, each with a new way for the sound
    for (let round = 0; round < 2; round += 1) {
      await Promise.all([alice, bob].map(({ page }) => page.evaluate(() => telephonePage.dropLine())));
      for (const { page } of [alice, bob]) {
        await expectSound(page);
        await expect.poll(() => page.evaluate(() => telephonePage.line()?.recovery), soon).toBe('steady');
      }
    }
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
    await alice.page.getByRole('button', { name: 'Hold and answer' }).waitFor();
    await expectAccessible(alice.page);
    await alice.page.getByRole('button', { name: 'Hold and answer' }).click();
    await bob.page.getByText('They have put you on hold').waitFor();
    await waitForState(carol.page, 'talking');
    await expectSound(carol.page);
    await expectAccessible(alice.page);
    await alice.page.getByRole('button', { name: 'Resume' }).click();
    await carol.page.getByText('They have put you on hold').waitFor();
    await expectSound(bob.page);

    // two calls are as many as there can be, and one lock is enough for both
    const rude = await openRude(200);
    expect((await rude.call(mine().address)).answer.status).toBe(486);
    rude.close();
    await expectWakeLocks(alice.page, 1);
    for (const { page } of [bob, carol]) await page.getByRole('button', { name: 'Hang up' }).click();
    await expectWakeLocks(alice.page, 0);
    for (const { complaints, close } of [alice, bob, carol]) {
      expect(complaints).toEqual([]);
      await close();
    }
  });

  test('meet names, reasons and cards of strangers that would be code: all of it is text', async () => {
    // JsSIP reads no phrase with other signs in it
    const rude = await openRude(488, 'javascript:alert(1) &lt;img src=x onerror=alert(1)&gt;');
    const alice = await telephones.open(mine());
    await alice.start();
    await alice.page.evaluate(() => (location.hash = '#/contacts'));
    const card = `BEGIN:VCARD\r\nFN:${evil.replaceAll(';', '')}\r\nTEL:${rude.user}\r\nEND:VCARD\r\n`;
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
    await expectAccessible(alice.page);
    expect(await alice.page.locator('.one-line').textContent()).toBe(evil);
    expect(await alice.page.locator('img, main script').count()).toBe(0);
    expect(alice.complaints).toEqual([]);
    rude.close();
    await alice.close();
  });

  test('are told that somebody is busy, or does not hand a call on, which goes on', async () => {
    const [rude, alice] = [await openRude(486, 'Busy Here'), await telephones.open(mine(), { price: null })];
    await alice.start();
    await dial(alice.page, rude.user);
    await alice.page.locator('.call').getByText('Busy').waitFor();
    await alice.page.locator('.calls').waitFor({ state: 'detached' });
    rude.close();

    const bob = await telephones.open(bobKey);
    await bob.start();
    await dial(alice.page, bobKey.address);
    await bob.page.getByRole('button', { name: 'Answer' }).click();
    await waitForState(alice.page, 'talking');
    await alice.page.getByRole('button', { name: 'Transfer' }).click();
    await alice.page.getByLabel('Transfer the call to').fill(carolKey.address);
    await alice.page.getByRole('button', { name: 'Transfer' }).last().click();
    // by its provider, at whose cost the other side would call
    await alice.page.getByText('The other side does not hand the call on.').waitFor();
    for (const { page } of [alice, bob]) await expectSound(page);
    for (const { complaints, close } of [alice, bob]) {
      expect(complaints).toEqual([]);
      await close();
    }
  });

  test('lose a microphone that was chosen, lose the last one, and get one back, within a call', async () => {
    const alice = await telephones.open(mine(), { escrow: await reserve(world, 10_000_000n) });
    await alice.start();
    await alice.page.evaluate(() => (location.hash = '#/settings'));
    const [microphone, speaker] = [alice.page.getByLabel('Microphone'), alice.page.getByLabel('Speaker')];
    for (const device of [microphone, speaker]) await device.selectOption({ index: 2 });
    await alice.page.evaluate(() => (location.hash = '#/phone'));
    await dial(alice.page, '+31201234567');
    await waitForState(alice.page, 'talking');
    await expectToBeHeard();

    await plug(alice.page, 'the rest');
    await expectToBeHeard();
    await alice.page.evaluate(() => (location.hash = '#/settings'));
    for (const device of [microphone, speaker]) expect(await device.inputValue()).toBe('');

    await plug(alice.page, 'nothing');
    await alice.page.getByText('They can not hear you').waitFor();
    await plug(alice.page, 'all');
    await alice.page.getByText('They can not hear you').waitFor({ state: 'detached' });
    await expectToBeHeard();
    await expectSound(alice.page);
    expect(alice.complaints).toEqual([]);
    await alice.close();
  });

  test('a number: heard, keys pressed, paid for exactly what was talked', async () => {
    const escrow = await reserve(world, 10_000_000n);
    const alice = await telephones.open(mine(), { escrow });
    await alice.start();
    await dial(alice.page, '+31 (0)20-123 4567');
    await waitForState(alice.page, 'talking');
    await expectSound(alice.page);
    await expectToBeHeard();
    await alice.page.getByRole('button', { name: 'Keypad' }).click();
    for (const key of '42#') await alice.page.getByRole('toolbar').locator('..').getByLabel(`Key ${key}`).click();
    await eventually(async () => exchange.gateway.lines()[0]?.keys() === '42#', 'the keys at the gateway');
    await expectAccessible(alice.page);
    const meter = alice.page.locator('.meter');
    // where the next second begins with another six that are paid for
    await meter.getByText(/At most 0\.0000\d+ GAS more can be taken/).waitFor();
    expect(await meter.textContent()).toMatch(/So far 0\.000\d+ GAS.*Enough for/);
    await expect
      .poll(async () => (await alice.page.evaluate(() => telephonePage.signed)).length, soon)
      .toBeGreaterThanOrEqual(2);
    const hungUpAt = Date.now();
    await alice.page.getByRole('button', { name: 'Hang up' }).click();
    await alice.page.getByText('You hung up').waitFor();

    // each total that was signed is no more than what was talked by then, counted anew here
    const state = (await alice.page.evaluate(() => telephonePage.states()[0])) as { answeredAt: number };
    const signed = await alice.page.evaluate(() => telephonePage.signed);
    const deck = { ...terms, initialIncrement: 6, increment: 6 };
    for (const { at, total } of signed)
      expect(BigInt(total)).toBeLessThanOrEqual(priceOf(at - state.answeredAt, deck).price);
    const api = createClient({ url: world.apiUrl, signer: world.provider });
    const callId = await eventually(async () => {
      const { items } = await api.call(listCdrs, { query: {} });
      return items.find(({ escrowId }) => String(escrowId) === escrow?.id)?.callId;
    }, 'the record');
    const cdr = await settled(world, callId);
    expect(cdr.paid).toBe(signed.at(-1)?.total);
    expect(Date.parse(cdr.endedAt)).toBeLessThan(hungUpAt + 2_000);
    await alice.page.evaluate(() => (location.hash = '#/history'));
    await alice.page.getByText('is what was talked here').waitFor({ timeout: 60_000 });
    expect(alice.complaints).toEqual([]);
    await alice.close();
  });

  test('a number of theirs is called from the PSTN: it rings, and both are heard', async () => {
    const [number, caller] = ['+31205556677', '+442071234567'];
    expect((await world.ask('/numbers', { number, user: bobKey.address }, 'PUT')).status).toBe(200);
    const line = await openLine('tone');
    const open = (receive: Receive) => openUdp(world.ports.sip, receive, trunk);
    const pstn = await openPhone({ domain: 'krypton.test', user: caller, open, sdp: line.sdp });
    const bob = await telephones.open(bobKey);
    await bob.start();
    const calling = pstn.call(number);
    const ringing = bob.page.locator('dialog.incoming');
    await ringing.waitFor();
    expect((await ringing.textContent())?.replaceAll(' ', '')).toContain(caller);
    await bob.page.getByRole('button', { name: 'Answer' }).click();
    const { answer, dialog } = await calling;
    expect(answer.status).toBe(200);
    line.connect(answer.body);
    await waitForState(bob.page, 'talking');
    await expectSound(bob.page);
    await eventually(async () => loudest(line) > 3_000, 'their voice at the gateway');
    expect((await pstn.inDialog(dialog, 'BYE')).status).toBe(200);
    await bob.page.getByText('They hung up').waitFor();
    expect(bob.complaints).toEqual([]);
    await bob.close();
    pstn.close();
    line.close();
  });
});
