import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Key } from '../../../protocol/sign/key.ts';
import { hasExchange, startExchangeToPstn } from '../../../test/harness/exchange.ts';
import { type ProviderWorld, startLimitMs, startProviderWorld } from '../../../test/harness/provider.ts';
import { eventually } from '../../../test/harness/world.ts';
import { billed, expectSigned } from './bill.ts';
import type { Given } from './page.tsx';
import { openRelay, type Relay } from './relay.ts';
import { expectSound, openTelephones, reserve, type Telephone, talkWith, waitForState } from './site.ts';

const NUMBER = '+31201234567';
/** A provider waits so long for a phone that was cut off. */
const GRACE_S = 8;

/** A call whose network goes away, whose page is loaded anew, or closed: with the real kit, and the money counted. */
describe.runIf(await hasExchange())('a call that is disturbed', { timeout: 180_000 }, () => {
  let world: ProviderWorld;
  let exchange: Awaited<ReturnType<typeof startExchangeToPstn>>;
  let telephones: Awaited<ReturnType<typeof openTelephones>>;
  let relay: Relay;
  let escrow: Given['escrow'];
  let alice: Telephone;
  beforeAll(async () => {
    const env = {
      KRYPTON_PROVIDER_GRACE_S: String(GRACE_S),
      // longer than what is disturbed below: a late voucher ends a call, too
      KRYPTON_PROVIDER_VOUCHER_INTERVAL_S: '20',
    };
    world = await startProviderWorld(env, { rtpengine: true });
    exchange = await startExchangeToPstn(world);
    telephones = await openTelephones(world);
  }, startLimitMs);
  afterAll(async () => {
    await telephones?.close();
    await exchange?.stop();
    await world?.stopAll();
  });
  beforeEach(async () => {
    relay = await openRelay(world.ports.ws);
    escrow = await reserve(world, 10_000_000n);
    alice = await telephones.open(world.user as Key, { escrow }, relay.url);
    await talkWith(alice, NUMBER);
  }, startLimitMs);
  afterEach(async () => {
    exchange.rtpengine.resume();
    await alice.close();
    relay.close();
    await eventually(async () => exchange.gateway.calls() === 0, 'the end of the call at the gateway', 60_000);
  });

  type Talking = { answeredAt: number; endedAt: number };
  const state = () => alice.page.evaluate(() => telephonePage.states()[0] as unknown as Talking);
  async function hangUp() {
    await alice.page.getByRole('button', { name: 'Hang up' }).click();
    await alice.page.getByText('You hung up').waitFor();
  }
  const signed = () => alice.page.evaluate(() => telephonePage.signed);
  test('by a network that is away for 3 seconds goes on, and its money stood still meanwhile', async () => {
    relay.be('cut');
    exchange.rtpengine.pause();
    await alice.page.getByText('Reconnecting…').waitFor();
    await alice.page.getByText('Your money stands still').waitFor();
    const before = (await signed()).length;
    await alice.page.waitForTimeout(3_000);
    expect((await signed()).length).toBe(before);
    exchange.rtpengine.resume();
    relay.be('open');
    await alice.page.getByText('Reconnecting…').waitFor({ state: 'detached', timeout: 20_000 });
    await expectSound(alice.page);
    const { answeredAt } = await state();
    await alice.page.waitForTimeout((GRACE_S + 2) * 1_000); // and nobody ends it later
    await expectSound(alice.page);
    await hangUp();
    const { endedAt } = await state();
    await expectSigned(alice, answeredAt);
    expect(await billed(world, escrow, endedAt - answeredAt)).toMatchObject({ hangupBy: 'caller' });
    expect(alice.complaints.filter((text) => !text.includes('WebSocket'))).toEqual([]);
  });

  test('by a connection that breaks while a voucher is on its way goes on', async () => {
    await relay.cutAfter('INFO sip:');
    await alice.page.getByText('Reconnecting…').waitFor();
    relay.be('open');
    await alice.page.getByText('Reconnecting…').waitFor({ state: 'detached', timeout: 20_000 });
    await expectSound(alice.page);
    const before = (await signed()).length;
    await expect.poll(async () => (await signed()).length, { timeout: 40_000 }).toBeGreaterThan(before);
    await alice.page.waitForTimeout((GRACE_S + 2) * 1_000); // and nobody ends it later
    await expectSound(alice.page);
    await hangUp();
    const { answeredAt, endedAt } = await state();
    await billed(world, escrow, endedAt - answeredAt);
  });

  test('by a network that does not come back ends, billed until it was cut off', async () => {
    const { answeredAt } = await state();
    relay.be('closed');
    await alice.page.evaluate(() => telephonePage.dropLine()); // of which Kamailio hears at once
    const cutAt = Date.now();
    await alice.page.getByText('The connection was lost').waitFor({ timeout: 45_000 });
    await eventually(async () => exchange.gateway.calls() === 0, 'the BYE at the gateway', 30_000);
    relay.be('open');
    await alice.page.getByText(': Connected').waitFor({ timeout: 60_000 });
    const cdr = await billed(world, escrow, cutAt - answeredAt);
    expect(cdr).toMatchObject({ hangupBy: 'provider' });
    expect(Date.parse(cdr.endedAt)).toBeLessThan(cutAt + 3_000); // Kamailio tells of it within a second or two
    await alice.page.evaluate(() => (location.hash = '#/history'));
    await alice.page.getByText('is what was talked here').waitFor({ timeout: 60_000 });
  });

  test('by its page, which is loaded anew, goes on where it was', async () => {
    const before = await state();
    const loaded = alice.page.waitForEvent('domcontentloaded'); // the page before it would be started once more
    await alice.page.evaluate(() => void setTimeout(() => location.reload()));
    await loaded;
    await alice.start();
    await waitForState(alice.page, 'talking');
    await alice.page.getByText('Reconnecting…').waitFor({ state: 'detached', timeout: 20_000 });
    await expectSound(alice.page);
    expect((await state()).answeredAt).toBe(before.answeredAt);
    await alice.page.waitForTimeout((GRACE_S + 4) * 1_000);
    await expectSound(alice.page);
    await hangUp();
    const { answeredAt, endedAt } = await state();
    await expectSigned(alice, answeredAt);
    await billed(world, escrow, endedAt - answeredAt);
  });

  test('by its tab, which is closed, is over within 2 seconds', async () => {
    const { answeredAt } = await state();
    const closedAt = Date.now();
    const closing = alice.page.close();
    await eventually(async () => exchange.gateway.calls() === 0, 'the BYE at the gateway', 2_000);
    await closing;
    // what nobody could sign any more is signed by the next page
    alice.page = await alice.context.newPage();
    await alice.page.goto(telephones.url);
    await alice.start();
    const cdr = await billed(world, escrow, closedAt - answeredAt);
    expect(Date.parse(cdr.endedAt)).toBeLessThan(closedAt + 2_000);
    expect(cdr).toMatchObject({ hangupBy: 'caller' });
  });

  test('by a page that stands still for 6 seconds goes on, and is signed for when it wakes', async () => {
    const before = (await signed()).length;
    await alice.page.evaluate(() => {
      const until = Date.now() + 6_000;
      while (Date.now() < until);
    });
    await expect.poll(async () => (await signed()).length, { timeout: 40_000 }).toBeGreaterThan(before);
    await expectSound(alice.page);
    await hangUp();
    const { answeredAt, endedAt } = await state();
    await billed(world, escrow, endedAt - answeredAt);
  });
});
