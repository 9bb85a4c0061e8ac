import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import type { Key } from '../../../protocol/sign/key.ts';
import { callFlags } from '../../../test/browser/chromium.ts';
import { hasExchange, startExchangeToPstn } from '../../../test/harness/exchange.ts';
import { type ProviderWorld, startLimitMs, startProviderWorld } from '../../../test/harness/provider.ts';
import { eventually } from '../../../test/harness/world.ts';
import { expectAccessible } from '../site.ts';
import { billed, expectSigned } from './bill.ts';
import { hasNetworks, type Network, openNetwork } from './network.ts';
import type { Given } from './page.tsx';
import { expectSound, openTelephones, reserve, type Telephone, talkWith } from './site.ts';

const canRun = hasNetworks() && (await hasExchange());
const NUMBER = '+31201234567';
const AWAY_MS = 60_000;
/** A second more than a provider waits for a phone that was cut off, and for sound. */
const PATIENCE_MS = 21_000;

/** The network itself fails, and a browser that lives in it is not told. All else is as a provider has it. */
describe.runIf(canRun)('a call whose network', { timeout: 180_000 }, () => {
  let network: Network;
  let world: ProviderWorld;
  let exchange: Awaited<ReturnType<typeof startExchangeToPstn>>;
  let telephones: Awaited<ReturnType<typeof openTelephones>>;
  let escrow: Given['escrow'];
  let alice: Telephone;
  beforeAll(async () => {
    world = await startProviderWorld({}, { rtpengine: true });
    exchange = await startExchangeToPstn(world);
    network = openNetwork();
    const program = inject('chromium');
    if ('missing' in program) throw new Error(program.missing);
    // sound goes by the cable alone
    const flags = callFlags.filter((flag) => !flag.includes('loopback'));
    telephones = await openTelephones(world, { program: network.program(program.path), flags });
  }, startLimitMs);
  afterAll(async () => {
    await telephones?.close();
    network?.close();
    await exchange?.stop();
    await world?.stopAll();
  });
  beforeEach(async () => {
    escrow = await reserve(world, 10_000_000n);
    alice = await telephones.open(world.user as Key, { escrow });
    await talkWith(alice, NUMBER);
  }, startLimitMs);
  afterEach(async () => {
    await alice.close();
    await eventually(async () => exchange.gateway.calls() === 0, 'the end of the call at the gateway', 60_000);
  });

  const state = () => alice.page.evaluate(() => telephonePage.states()[0] as { answeredAt: number; endedAt: number });
  /** The address that sound goes out from. */
  const soundFrom = () =>
    alice.page.evaluate(async () => {
      const all = new Map<string, Record<string, unknown>>();
      (await telephonePage.connection()?.getStats())?.forEach((each) => void all.set(each.id, each));
      const transport = [...all.values()].find(({ type }) => type === 'transport');
      const pair = all.get(String(transport?.selectedCandidatePairId));
      return all.get(String(pair?.localCandidateId))?.address;
    });

  test('is away for a minute ends, billed until it was cut off', async () => {
    const { answeredAt } = await state();
    network.cut();
    const cutAt = Date.now();
    await alice.page.getByText('Your money stands still').waitFor();
    await expectAccessible(alice.page);
    await alice.page.getByText('The connection was lost').waitFor({ timeout: AWAY_MS });
    await eventually(async () => exchange.gateway.calls() === 0, 'the BYE at the gateway', AWAY_MS);
    await alice.page.waitForTimeout(cutAt + AWAY_MS - Date.now());
    network.mend();
    await alice.page.getByText(': Connected').waitFor({ timeout: 60_000 });
    const cdr = await billed(world, escrow, cutAt - answeredAt);
    expect(cdr).toMatchObject({ hangupBy: 'provider' });
    expect(Math.abs(Date.parse(cdr.endedAt) - cutAt)).toBeLessThan(2_000);
    await expectSigned(alice, answeredAt);
    await alice.page.evaluate(() => (location.hash = '#/history'));
    await alice.page.getByText('is what was talked here').waitFor({ timeout: 60_000 });
  });

  test('is another one from now on goes on, from the new address', async () => {
    const before = network.address();
    expect(await soundFrom()).toBe(before);
    network.move();
    await expect.poll(soundFrom, { timeout: 30_000 }).toBe(network.address());
    expect(network.address()).not.toBe(before);
    await alice.page.getByText('Reconnecting…').waitFor({ state: 'detached', timeout: 20_000 });
    await expectSound(alice.page);
    await alice.page.waitForTimeout(PATIENCE_MS); // and nobody ends it later
    await expectSound(alice.page);
    await alice.page.getByRole('button', { name: 'Hang up' }).click();
    await alice.page.getByText('You hung up').waitFor();
    const { answeredAt, endedAt } = await state();
    await expectSigned(alice, answeredAt);
    expect(await billed(world, escrow, endedAt - answeredAt)).toMatchObject({ hangupBy: 'caller' });
  });
});
