import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { Insertable } from 'kysely';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { readCalls } from '../api/calls/read-calls.ts';
import { deleteOverHolds, writeHolds } from '../api/calls/write-holds.ts';
import type { Escrows } from '../database/types.ts';
import { authorizeCall, listCalls } from '../protocol/api/calls.ts';
import { createClient } from '../protocol/api/client.ts';
import { decidePermission } from '../protocol/call/permission.ts';
import { canonicalRateDeck, rateDeckHash } from '../protocol/call/rate-deck.ts';
import { createKey } from '../protocol/sign/key.ts';
import type { Signer } from '../protocol/sign/signer.ts';
import {
  type ApiWorld,
  answer,
  cdrOf,
  createApiWorld,
  deployProviders,
  environment,
  moveTo,
  setTariff,
  signedRequest,
  timeOf,
  urlOf,
} from './api-world.ts';
import { type Service, startService } from './harness/services.ts';

let world: ApiWorld;
let second: Service;
let secondUrl: string;
let provider: Signer;

const entry = (prefix: string, rate: string, fee = '0') => ({
  prefix,
  ratePerSecond: rate,
  feePerCall: fee,
  initialIncrement: 60,
  increment: 60,
});

beforeAll(async () => {
  world = await createApiWorld();
  second = await startService('api', environment(world.databaseUrl, world.redisUrl));
  secondUrl = await urlOf(second);
  provider = world.provider;
  await deployProviders(world, provider);
  for (let height = 1; height <= 2; height += 1) await moveTo(world, height);
  const entries = [entry('+31', '10'), entry('+32', '50'), entry('+33', '10', '6')];
  const deck = { version: 1 as const, provider: provider.address, effectiveFrom: timeOf(0).toISOString(), entries };
  const path = `/v1/providers/${provider.address}/tariff`;
  expect((await world.signed(provider, path, { method: 'PUT', body: deck })).status).toBe(200);
  await setTariff(world, provider, rateDeckHash(canonicalRateDeck(deck)), 1);
});
afterAll(async () => {
  await second.kill();
  await world.destroy();
});

let escrows = 100n;
/** At 10 datoshi a second, 300 s cost 3,000. */
async function openEscrow(given: Partial<Insertable<Escrows>> = {}, user: Signer = createKey()): Promise<Opened> {
  escrows += 1n;
  const row = {
    id: escrows,
    user: user.address,
    provider: provider.address,
    state: 'open' as const,
    amount: 30_000n,
    ratePerSecond: 10n,
    feePerCall: 5n,
    increment: 60,
    maxParallel: 100,
    openedAt: new Date(),
    endsAt: new Date(Date.now() + 3_600_000),
    claimDeadline: new Date(Date.now() + 7_200_000),
    ...given,
  };
  await world.db.insertInto('escrows').values(row).execute();
  return { user, id: escrows };
}
type Opened = { user: Signer; id: bigint };

const callOf = ({ user }: Opened, given: Record<string, unknown> = {}) => ({
  callId: randomUUID(),
  user: user.address,
  destination: '+31201234567',
  direction: 'outbound',
  ...given,
});
const authorize = async (call: object, signer = provider) => {
  const { status, body } = await world.signed(signer, '/v1/calls/authorize', { body: call });
  expect([status, body]).toEqual([200, expect.anything()]);
  return authorizeCall.answer.parse(body);
};
const release = (callId: string) =>
  world.signed(provider, `/v1/calls/${callId}`, { method: 'DELETE' }).then(({ body }) => body.released);

async function rate(callId: string, price: bigint) {
  const { id, escrowId } = await world.db
    .selectFrom('cdrs')
    .select(['id', 'escrowId'])
    .where('callId', '=', callId)
    .executeTakeFirstOrThrow();
  await world.db.insertInto('ratings').values({ cdrId: id, escrowId, state: 'rated', price }).execute();
}

describe('a call is allowed', () => {
  test('at the price of the deck, for a slice that is held', async () => {
    const escrow = await openEscrow();
    const call = callOf(escrow);
    const before = Date.now();
    const answer = await authorize(call);
    expect(answer).toMatchObject({
      allowed: true,
      escrowId: Number(escrow.id),
      maxSeconds: 300,
      ratePerSecond: '10',
      feePerCall: '0',
      increments: { initial: 60, further: 60 },
      entry: '+31',
      height: 2,
    });
    if (!answer.allowed) return;
    const heldMs = new Date(answer.holdUntil ?? 0).getTime() - before;
    expect([heldMs >= 330_000, heldMs < 335_000]).toEqual([true, true]);
    const { items } = listCalls.answer.parse((await world.signed(provider, '/v1/calls')).body);
    expect(items.find(({ callId }) => callId === call.callId)).toMatchObject({
      escrowId: Number(escrow.id),
      user: escrow.user.address,
      state: 'running',
      amount: '3000',
      seconds: 300,
    });
  });

  test('out of the escrow with the most left, or the one that is named', async () => {
    const { user, id } = await openEscrow();
    const rich = await openEscrow({ amount: 50_000n }, user);
    await openEscrow({ amount: 90_000n, spent: 80_000n }, user);
    await openEscrow({ amount: 90_000n, state: 'closing' }, user);
    expect(await authorize(callOf(rich))).toMatchObject({ escrowId: Number(rich.id) });
    const named = callOf(rich, { escrowId: Number(id) });
    expect(await authorize(named)).toMatchObject({ escrowId: Number(id) });
    expect(await authorize({ ...named, escrowId: Number(rich.id) })).toMatchObject({ escrowId: Number(id) });
  });

  test('again and again while it runs, at the price that it began with', async () => {
    const escrow = await openEscrow();
    const call = callOf(escrow);
    expect(await authorize(call)).toMatchObject({ entry: '+31', maxSeconds: 300 });
    await world.db
      .updateTable('holds')
      .set({ heldFrom: new Date(Date.now() - 250_000) })
      .where('callId', '=', String(call.callId))
      .execute();
    expect(await authorize({ ...call, destination: '+32' })).toMatchObject({ entry: '+31', maxSeconds: 551 });
  });

  test('for nothing where the deck lets it pass', async () => {
    const escrow = await openEscrow({ amount: 1n, spent: 1n });
    const call = callOf(escrow, { destination: world.user.address });
    expect(await authorize(call)).toMatchObject({ ratePerSecond: '0', holdUntil: null, entry: null });
    expect(await release(call.callId)).toBe(false);
  });

  test('once what was held is free again: released, over, or its CDR settled', async () => {
    const escrow = await openEscrow({ amount: 3_000n });
    const [first, next] = [callOf(escrow), callOf(escrow)];
    const refused = { allowed: false, reason: 'insufficientFunds' };
    expect(await authorize(first)).toMatchObject({ allowed: true });
    expect(await authorize(next)).toMatchObject(refused);
    expect([await release(first.callId), await release(first.callId)]).toEqual([true, false]);
    expect(await authorize(next)).toMatchObject({ allowed: true });
    await world.db
      .updateTable('holds')
      .set({ holdUntil: new Date(Date.now() - 1) })
      .where('callId', '=', String(next.callId))
      .execute();
    expect(await authorize(first)).toMatchObject({ allowed: true });

    const handIn = await world.signed(provider, '/v1/cdrs', {
      body: { cdrs: [cdrOf(escrow.user, { callId: first.callId, escrowId: Number(escrow.id) })] },
    });
    expect(handIn.status).toBe(202);
    expect(await release(first.callId), 'it did come about').toBe(false);
    expect(await authorize(first)).toMatchObject({ allowed: false, reason: 'callEnded' });
    expect(await authorize(callOf(escrow)), 'held until it is rated').toMatchObject(refused);
    await rate(first.callId, 600n);
    expect(await authorize(callOf(escrow)), 'what it costs is owed').toMatchObject({ maxSeconds: 240 });
    const { items } = (await world.signed(provider, '/v1/calls')).body;
    expect(items.map(({ callId }: { callId: string }) => callId)).not.toContain(first.callId);
  });
});

test('a call that is over leaves its line to the next one as soon as its CDR came', async () => {
  const escrow = await openEscrow({ maxParallel: 1 });
  const first = callOf(escrow);
  expect(await authorize(first)).toMatchObject({ allowed: true });
  expect(await authorize(callOf(escrow))).toMatchObject({ reason: 'overParallel' });
  const cdr = cdrOf(escrow.user, { callId: first.callId, escrowId: Number(escrow.id) });
  await world.signed(provider, '/v1/cdrs', { body: { cdrs: [cdr] } });
  expect(await authorize(callOf(escrow))).toMatchObject({ allowed: true });
});

test('a CDR that comes after its hold was over: what was held counts again until it is rated', async () => {
  const escrow = await openEscrow({ amount: 3_000n });
  const [late, next] = [callOf(escrow), callOf(escrow)];
  expect(await authorize(late)).toMatchObject({ allowed: true });
  const over = new Date(Date.now() - 60_000);
  await world.db.updateTable('holds').set({ holdUntil: over }).where('callId', '=', late.callId).execute();
  await deleteOverHolds(world.db);
  expect((await world.signed(provider, '/v1/calls')).body.items).not.toContainEqual(
    expect.objectContaining({ callId: late.callId }),
  );
  const cdr = cdrOf(escrow.user, { callId: late.callId, escrowId: Number(escrow.id) });
  await world.signed(provider, '/v1/cdrs', { body: { cdrs: [cdr] } });
  expect(await authorize(next)).toMatchObject({ reason: 'insufficientFunds' });
  await rate(late.callId, 600n);
  expect(await authorize(next)).toMatchObject({ maxSeconds: 240 });

  const longOver = new Date(Date.now() - 7_200_000);
  await world.db.updateTable('holds').set({ holdUntil: longOver }).where('callId', '=', next.callId).execute();
  await deleteOverHolds(world.db);
  const rows = await world.db.selectFrom('holds').select('callId').where('escrowId', '=', escrow.id).execute();
  expect(rows, 'it is not kept for ever').toEqual([]);

  const forgotten = callOf(escrow);
  expect(await authorize(forgotten)).toMatchObject({ allowed: true });
  await world.db.updateTable('holds').set({ holdUntil: over }).where('callId', '=', forgotten.callId).execute();
  expect(await release(forgotten.callId)).toBe(false);
});

describe('a call is refused', () => {
  test.each<[string, Partial<Insertable<Escrows>>, Record<string, unknown>]>([
    ['noEscrow', {}, { user: createKey().address }],
    ['noEscrow', {}, { escrowId: 1 }],
    ['escrowEnded', { state: 'closing' }, { escrowId: 'own' }],
    ['overParallel', { maxParallel: 1 }, { second: true }],
    ['noTariff', {}, { destination: '+4930' }],
    ['noTariff', {}, { destination: 'bob' }],
    ['overAgreedTerms', {}, { destination: '+32' }],
    ['overAgreedTerms', {}, { destination: '+33' }],
    ['insufficientFunds', { amount: 599n }, {}],
    ['voucherMissing', { voucherKey: createKey().publicKey, spent: 151n }, {}],
    ['voucherMissing', { voucherKey: createKey().publicKey }, { second: true }],
  ])('%s %o %o', async (reason, terms, { second: isSecond, escrowId, ...given }) => {
    const escrow = await openEscrow(terms);
    if (isSecond) expect(await authorize(callOf(escrow))).toMatchObject({ allowed: true });
    const named = escrowId === 'own' ? { escrowId: Number(escrow.id) } : escrowId === undefined ? {} : { escrowId };
    const answer = await authorize(callOf(escrow, { ...given, ...named }));
    expect(answer).toMatchObject({ allowed: false, reason, detail: expect.stringMatching(/\w/), height: 2 });
  });

  test('out of another provider’s escrow', async () => {
    const escrow = await openEscrow();
    expect(await authorize(callOf(escrow), world.stranger)).toMatchObject({ reason: 'noEscrow' });
    const call = callOf(escrow);
    await authorize(call);
    const { body } = await world.signed(world.stranger, `/v1/calls/${call.callId}`, { method: 'DELETE' });
    expect(body.released).toBe(false);
  });

  test('when the request was sent before, or is not of the right form', async () => {
    const escrow = await openEscrow({ amount: 600n });
    const options = { nonce: randomUUID() };
    const send = (body: unknown) => world.signed(provider, '/v1/calls/authorize', { body, options });
    expect((await send(callOf(escrow))).body.allowed).toBe(true);
    expect((await send(callOf(escrow))).body.code).toBe('nonceReplayed');
    const other = await openEscrow();
    expect((await send(callOf(other))).body.code, 'by one that would be allowed').toBe('nonceReplayed');
    expect((await world.signed(provider, '/v1/calls')).body.items).not.toContainEqual(
      expect.objectContaining({ escrowId: Number(other.id) }),
    );
    const bad = await world.signed(provider, '/v1/calls/authorize', { body: callOf(escrow, { callId: 'a b' }) });
    expect(bad.body.errors).toMatchObject([{ path: 'callId' }]);
    const madeUp = Buffer.from(JSON.stringify(['\u0000'])).toString('base64url');
    const { body } = await world.signed(provider, `/v1/calls?cursor=${madeUp}`);
    expect(body.errors).toMatchObject([{ path: 'cursor' }]);
  });
});

describe('no datoshi is promised twice', () => {
  /** As many connections as requests. */
  const clients = () => [world.url, secondUrl].map((url) => createClient({ url, signer: provider }));

  test('64 ask two servers at once for an escrow with money for ten, a hundred times', {
    timeout: 240_000,
  }, async () => {
    for (let round = 0; round < 100; round += 1) {
      const escrow = await openEscrow({ amount: 30_000n });
      const [one, other] = clients();
      const answers = await Promise.all(
        Array.from({ length: 64 }, (_, n) =>
          (n % 2 ? one : other)?.call(authorizeCall, { body: callOf(escrow) as never }),
        ),
      );
      expect(answers.filter((each) => each?.allowed)).toHaveLength(10);
    }
  });

  test('by a server whose clock is ahead of the other one’s', async () => {
    const ahead = await startService('api', {
      ...environment(world.databaseUrl, world.redisUrl),
      ...clockAhead(40_000),
    });
    onTestFinished(() => ahead.kill());
    const client = createClient({ url: await urlOf(ahead), signer: provider });
    const escrow = await openEscrow({ amount: 3_000n });
    const [running, next] = [callOf(escrow), callOf(escrow)];
    expect(await authorize(running)).toMatchObject({ allowed: true });
    const holdUntil = new Date(Date.now() + 30_000);
    await world.db.updateTable('holds').set({ holdUntil }).where('callId', '=', running.callId).execute();
    const ask = () => client.call(authorizeCall, { body: next as never });
    expect(await ask()).toMatchObject({ allowed: false, reason: 'insufficientFunds' });
    await release(running.callId);
    expect(await ask()).toMatchObject({ allowed: true });
  });

  test('a call that is rated between decision and promise counts, also where nothing was promised before', async () => {
    const escrow = await openEscrow({ amount: 3_000n });
    const asked = authorizeCall.body.parse(callOf(escrow));
    const [view] = await readCalls(world.db, [{ provider: provider.address, asked, nonce: null }]);
    const permission = view && decidePermission(view.input);
    if (!view || !permission?.allowed || !permission.hold || !permission.terms) throw new Error('it is allowed');
    const cdr = cdrOf(escrow.user, { callId: randomUUID(), escrowId: Number(escrow.id) });
    await world.signed(provider, '/v1/cdrs', { body: { cdrs: [cdr] } });
    await rate(cdr.callId, 600n);
    const { hold, terms, entry } = permission;
    const { version } = view;
    const promise = { provider: provider.address, escrowId: escrow.id, version, hold, terms, entry, tariffHash: null };
    expect(await writeHolds(world.db, [promise])).toEqual([false]);
    expect(await authorize(asked)).toMatchObject({ maxSeconds: 240 });
  });

  test('one request that is sent several times at once counts once', async () => {
    const escrow = await openEscrow();
    const request = await signedRequest(world.url, provider, '/v1/calls/authorize', { body: callOf(escrow) });
    const answers = await Promise.all(Array.from({ length: 8 }, async () => answer(await fetch(request.clone()))));
    const codes = answers.map(({ status, body }) => (status === 200 ? 'allowed' : body.code));
    expect(codes.toSorted()).toEqual(['allowed', ...Array(7).fill('nonceReplayed')]);
  });

  test('one call that is asked for out of two escrows at once has one hold', async () => {
    for (let round = 0; round < 10; round += 1) {
      const [one, other] = [await openEscrow(), await openEscrow()];
      const call = callOf(one);
      const ask = (escrow: typeof one) =>
        authorize({ ...call, user: escrow.user.address, escrowId: Number(escrow.id) });
      await Promise.all([one, other, one, other].map(ask));
      expect(
        await world.db.selectFrom('holds').select('escrowId').where('callId', '=', call.callId).execute(),
      ).toHaveLength(1);
    }
  });

  test('whatever calls come, are extended, end and are rated at the same time', { timeout: 120_000 }, async () => {
    const step = fc.record({
      call: fc.integer({ min: 0, max: 7 }),
      what: fc.constantFrom('authorize', 'authorize', 'authorize', 'release', 'end'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { minLength: 1, maxLength: 12 }), { maxLength: 5 }), async (rounds) => {
        const escrow = await openEscrow({ amount: 7_000n, maxParallel: 6 });
        const names = Array.from({ length: 8 }, () => randomUUID());
        const urls = clients();
        const ended = new Set<string>();
        for (const steps of rounds) {
          await Promise.all(
            steps.map(async ({ call, what }, n) => {
              const callId = names[call] as string;
              if (what === 'release') return release(callId);
              if (what === 'authorize')
                return urls[n % 2]?.call(authorizeCall, { body: { ...callOf(escrow), callId } as never });
              if (ended.has(callId)) return undefined;
              ended.add(callId);
              const hold = await world.db
                .selectFrom('holds')
                .select('amount')
                .where('callId', '=', callId)
                .executeTakeFirst();
              const cdr = cdrOf(escrow.user, { callId, escrowId: Number(escrow.id) });
              await world.signed(provider, '/v1/cdrs', { body: { cdrs: [cdr] } });
              // A call costs at most what was held for it. What is released at the same time is held no longer.
              const isReleased = steps.some((other) => other.call === call && other.what === 'release');
              return rate(callId, hold && !isReleased ? hold.amount / 2n : 0n);
            }),
          );
          const promised = await readPromised(escrow.id);
          expect(promised.amount <= 7_000n).toBe(true);
          expect(promised.running <= 6).toBe(true);
        }
      }),
      { numRuns: 25 },
    );
  });
});

/** So far ahead that requests still pass. */
const clockAhead = (ms: number) => ({
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`
    const Real = Date;
    globalThis.Date = class extends Real {
      constructor(...given) { if (given.length === 0) super(Real.now() + ${ms}); else super(...given); }
      static now() { return Real.now() + ${ms}; }
    };`)}`,
});

async function readPromised(escrowId: bigint) {
  const holds = await world.db
    .selectFrom('holds')
    .select(['amount', 'cdrId'])
    .where('escrowId', '=', escrowId)
    .execute();
  const owed = await world.db.selectFrom('ratings').select('price').where('escrowId', '=', escrowId).execute();
  const sum = (values: bigint[]) => values.reduce((total, value) => total + value, 0n);
  return {
    amount: sum(holds.map(({ amount }) => amount)) + sum(owed.map(({ price }) => price)),
    running: holds.filter(({ cdrId }) => cdrId === null).length,
  };
}
