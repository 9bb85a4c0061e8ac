import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Key } from '../../../protocol/sign/key.ts';
import { createFundedAccounts } from '../../../test/harness/accounts.ts';
import { type Exchange, hasExchange, startExchange } from '../../../test/harness/exchange.ts';
import { type ProviderWorld, startLimitMs, startProviderWorld } from '../../../test/harness/provider.ts';
import { expectAccessible } from '../site.ts';
import type { Given } from './page.tsx';
import { expectSound, openTelephones, waitForState } from './site.ts';

const canRun = await hasExchange();

describe.runIf(canRun)('a telephone with two providers', { timeout: 120_000 }, () => {
  let world: ProviderWorld;
  let telephones: Awaited<ReturnType<typeof openTelephones>>;
  let bobKey: Key;
  let carolKey: Key;
  let providers: Given['providers'];
  const started: Exchange[] = [];
  beforeAll(async () => {
    world = await startProviderWorld({}, { rtpengine: true });
    const [second, ...users] = (await createFundedAccounts(3)) as [Key, Key, Key];
    [bobKey, carolKey] = users;
    const other = await world.addProvider(second);
    const [first, next] = [world.provider.address, second.address];
    await world.send(second, 'deploy', { provider: next, location: `127.0.0.1:${other.ports.sip}` });
    // each of those who are called has one provider alone, by which they are reached
    for (const [user, provider] of [
      [world.user, next],
      [bobKey, first],
      [carolKey, next],
    ] as const)
      await world.send(user as Key, 'register', { user: user.address, provider, uuid: randomUUID() });
    for (const each of [world, other]) started.push(await startExchange(each));
    const at = (address: typeof first, port: number) => ({
      address,
      url: `ws://127.0.0.1:${port}`,
      domain: 'krypton.test',
    });
    providers = [at(first, world.ports.ws), at(next, other.ports.ws)];
    telephones = await openTelephones(world);
  }, startLimitMs);
  afterAll(async () => {
    await telephones?.close();
    for (const each of started) await each.stop();
    await world?.stopAll();
  });

  test('is registered with both, and calls by the one that its person chooses, also at the same time', async () => {
    const [first, next] = providers;
    const alice = await telephones.open(world.user as Key, { providers, price: null });
    const bob = await telephones.open(bobKey);
    const carol = await telephones.open(carolKey, { providers: providers.slice(1) });
    for (const { start } of [alice, bob, carol]) await start();
    await expect.poll(() => alice.page.getByText(': Connected').count(), { timeout: 20_000 }).toBe(2);

    for (const [{ page }, key, provider] of [
      [bob, bobKey, first],
      [carol, carolKey, next],
    ] as const) {
      await alice.page.getByLabel('Number, name or NEO address').fill(key.address);
      await alice.page.locator('label select').selectOption(provider?.address ?? '');
      await expectAccessible(alice.page);
      await alice.page.getByRole('button', { name: 'Call', exact: true }).click();
      await page.getByRole('button', { name: 'Answer' }).click();
      await waitForState(page, 'talking');
      await expectSound(page);
    }
    await bob.page.getByText('They have put you on hold').waitFor();
    for (const { page } of [bob, carol]) await page.getByRole('button', { name: 'Hang up' }).click();
    await expect.poll(() => alice.page.getByText('They hung up').count()).toBe(2);
    for (const { complaints, close } of [alice, bob, carol]) {
      expect(complaints).toEqual([]);
      await close();
    }
  });
});
