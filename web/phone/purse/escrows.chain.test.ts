import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { indexDeck } from '../../../protocol/call/deck-index.ts';
import { destinationOf } from '../../../protocol/call/destination.ts';
import { rateDeckSchema } from '../../../protocol/call/rate-deck.ts';
import { messageOfContent } from '../../../protocol/contract/transaction.ts';
import type { Key } from '../../../protocol/sign/key.ts';
import { isSignatureValid } from '../../../protocol/sign/p256.ts';
import { datoshi, datoshiPerGas } from '../../../protocol/types/datoshi.ts';
import { createFundedAccount } from '../../../test/harness/accounts.ts';
import { createWorld, openEscrow as openFromElsewhere, type World } from '../../../test/harness/world.ts';
import { activity } from '../../purse/activity.ts';
import { openChain } from '../../purse/core/chain.ts';
import { deviceKeys } from '../../purse/core/device-key.ts';
import { isRefusal } from '../../purse/core/refusal.ts';
import { journalOf, memoryStore } from '../../purse/core/store.ts';
import { createPurse } from '../../purse/purse.ts';
import { account } from '../../wallet/account.ts';
import { priceBy } from '../providers/core/call-price.ts';
import type { Current } from './current.ts';
import { offerFor, openEscrow, openedBy, readyEscrows, setLimit, topUp } from './escrows.ts';

let world: World;
let key: Key;
let current: Current;
/** How often the key was used. */
let signed: number;

beforeAll(async () => {
  world = await createWorld();
}, 60_000);
afterAll(() => world?.destroy());

const gas = (amount: number) => datoshi(BigInt(Math.round(amount * 1e8)));

beforeEach(async () => {
  key = await createFundedAccount(datoshi(20n * datoshiPerGas));
  await world.send(key, 'register', { user: key.address, provider: world.provider.address, uuid: randomUUID() });
  const { network, contract } = world;
  const chain = openChain({ nodes: [inject('base').rpc], network, contract });
  const store = memoryStore();
  const identity = { address: key.address, publicKey: key.publicKey };
  signed = 0;
  const sign = async (content: Uint8Array) => {
    signed += 1;
    return key.sign(messageOfContent(content, network));
  };
  const purse = createPurse({ chain, journal: journalOf(store), identity, sign });
  current = { purse, identity, store, keys: deviceKeys(store), client: null };
  account.value = { kind: 'unlocked', ...identity, signer: key };
  await purse.refresh();
});

/** Says yes to whatever is asked, as a person would. */
const sayYes = () =>
  activity.subscribe((value) => {
    if (value?.step === 'asking') value.answer(true);
  });

async function open(amount = gas(1)): Promise<bigint> {
  const stop = sayYes();
  const outcome = await openEscrow(current, {
    provider: world.provider.address,
    amount,
    ratePerSecond: datoshi(100_000n),
    feePerCall: datoshi(0n),
    increment: 60,
    durationMs: 3_600_000,
  });
  stop();
  const id = openedBy(outcome);
  if (id === null) throw new Error('no escrow was opened');
  return id;
}

describe('an escrow', () => {
  test('that this device opened can be used from here, one from elsewhere can not', async () => {
    const id = await open();
    await openFromElsewhere(world, 1_000_000n, {
      user: key,
      voucherKey: new Uint8Array(Buffer.from(world.user.publicKey, 'hex')),
    });
    await current.purse.refresh();
    expect(current.purse.holdings.value?.escrows).toHaveLength(2);
    const ready = await readyEscrows(current, world.provider.address, new Date());
    expect(ready.map(({ escrow }) => escrow.id)).toEqual([id]);
    const message = new Uint8Array([7]);
    const signature = await ready[0]?.voucherSigner.sign(message);
    const voucherKey = ready[0]?.escrow.voucherKey;
    if (!signature || !voucherKey) throw new Error('there is no voucher key');
    expect(isSignatureValid(voucherKey, message, signature)).toBe(true);
    const later = new Date(Date.now() + 7_200_000);
    expect(await readyEscrows(current, world.provider.address, later)).toEqual([]);
    expect(await readyEscrows(current, key.address, new Date())).toEqual([]);
  });

  test('is opened with what the balance lacks, and no more', async () => {
    await world.deposit(key, gas(0.4));
    await current.purse.refresh();
    await open(gas(1));
    expect(current.purse.holdings.value).toMatchObject({ balance: 0n, reserved: gas(1) });
  });
});

test('a question that another one takes the place of is answered with no', async () => {
  const first = current.purse.act({ kind: 'deposit', amount: gas(1) });
  const asked = () => activity.value?.step === 'asking';
  await expect.poll(asked).toBe(true);
  const second = current.purse.act({ kind: 'deposit', amount: gas(2) });
  expect(await first).toMatchObject({ kind: 'refused', code: 'declined' });
  await expect.poll(asked).toBe(true);
  if (activity.value?.step === 'asking') activity.value.answer(true);
  expect(await second).toMatchObject({ state: { kind: 'done' } });
  expect(signed).toBe(1);
  await current.purse.refresh();
  expect(current.purse.holdings.value?.balance).toBe(gas(2));
});

describe('topping up', () => {
  const call = (escrowId: bigint) => ({ escrowId, promised: gas(0.99), ratePerSecond: datoshi(100_000n) });

  test('adds without a question what the limit of its user allows, and then asks', async () => {
    const id = await open();
    await world.deposit(key, gas(10));
    await current.purse.refresh();
    const before = signed;
    expect(await topUp(current, call(id), new Date())).toBeNull(); // no limit, no addition
    await setLimit(current, id, gas(2));
    const added = await topUp(current, call(id), new Date());
    if (!added || isRefusal(added)) throw new Error('nothing was added');
    expect(added).toMatchObject({ automatic: true, state: { kind: 'done' } });
    expect(activity.value).not.toMatchObject({ step: 'asking' });
    // half an hour at this rate
    expect(current.purse.holdings.value?.escrows[0]?.amount).toBe(gas(2.8));
    expect(await topUp(current, call(id), new Date())).toBeNull(); // there is enough
    const again = { ...call(id), promised: gas(2.75) };
    expect(offerFor(current, again, new Date())).toMatchObject({ amount: gas(1.8) });
    expect(await topUp(current, again, new Date())).toBeNull(); // 1.8 and 1.8 are more than 2 a day
    expect(signed - before).toBe(1);
  });

  test('takes one turn at a time, and none while the wallet is locked', async () => {
    const id = await open();
    await world.deposit(key, gas(10));
    await current.purse.refresh();
    await setLimit(current, id, gas(9));
    const before = signed;
    account.value = { kind: 'locked', address: key.address, publicKey: key.publicKey };
    expect(await topUp(current, call(id), new Date())).toBeNull();
    account.value = { kind: 'unlocked', ...current.identity, signer: key };
    const both = await Promise.all([topUp(current, call(id), new Date()), topUp(current, call(id), new Date())]);
    expect(both.filter((one) => one !== null)).toHaveLength(1);
    expect(signed - before).toBe(1);
    expect(current.purse.holdings.value?.escrows[0]?.amount).toBe(gas(2.8));
  });
});

test('the price of a call is its deck’s, or the escrow’s own where the chain has none', () => {
  const deck = rateDeckSchema.parse({
    version: 1,
    provider: world.provider.address,
    effectiveFrom: '2026-01-01T00:00:00.000Z',
    entries: [{ prefix: '+31', ratePerSecond: '5', feePerCall: '1', initialIncrement: 1, increment: 1 }],
  });
  const proven = { kind: 'deck', deck, index: indexDeck(deck), hash: '0x00', from: 'service' } as const;
  const to = (number: string) => destinationOf({ direction: 'outbound', to: number });
  const own = { ratePerSecond: datoshi(9n), feePerCall: datoshi(0n), initialIncrement: 60, increment: 60 };
  expect(priceBy(proven, to('+31201234567'), own)).toMatchObject({ kind: 'priced', entry: '+31' });
  expect(priceBy(proven, to('+44'), own)).toEqual({ kind: 'unknown', reason: 'noTariff' });
  expect(priceBy(proven, to(key.address), own)).toEqual({ kind: 'free' });
  expect(priceBy({ kind: 'none' }, to('+31201234567'), own)).toEqual({ kind: 'priced', terms: own, entry: null });
  expect(priceBy({ kind: 'none' }, to('+31201234567'), null)).toMatchObject({ kind: 'unknown' });
  expect(priceBy({ kind: 'none' }, { kind: 'inbound' }, own)).toEqual({ kind: 'free' });
  for (const kind of ['missing', 'lies'] as const)
    expect(priceBy({ kind, hash: '0x00', told: '' }, to('+31201234567'), own)).toMatchObject({ reason: 'deckMissing' });
});
