import { afterAll, beforeAll, expect, test } from 'vitest';
import { getCdr } from '../protocol/api/cdrs.ts';
import { createClient } from '../protocol/api/client.ts';
import { putTariff } from '../protocol/api/tariffs.ts';
import { cdrLeaf } from '../protocol/call/cdr.ts';
import { merkleSumRoot } from '../protocol/call/merkle-sum.ts';
import { checkProof, type Proof } from '../protocol/call/proof.ts';
import { canonicalRateDeck, rateDeckHash } from '../protocol/call/rate-deck.ts';
import { bytesOfHex, hexOf } from '../protocol/types/bytes.ts';
import { datoshi } from '../protocol/types/datoshi.ts';
import { urlOf } from './api-world.ts';
import { type Service, startService } from './harness/services.ts';
import { cdrRow, createWorld, eventually, openEscrow, readStates, type World } from './harness/world.ts';

let world: World;
let services: Service[] = [];
let url: string;

beforeAll(async () => {
  world = await createWorld();
  services = await Promise.all([
    startService('indexer', world.env),
    startService('settler', world.env),
    startService('api', { ...world.env, KRYPTON_API_PORT: '0' }),
  ]);
  url = await urlOf(services[2] as Service);
});
afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
  await world.destroy();
});

const entry = (prefix: string, ratePerSecond: string, feePerCall = '0') => ({
  prefix,
  ratePerSecond,
  feePerCall,
  initialIncrement: 2,
  increment: 1,
});

const submit = async (row: ReturnType<typeof cdrRow>) =>
  (await world.db.insertInto('cdrs').values(row).returning('id').executeTakeFirstOrThrow()).id;

const told = (id: bigint) => createClient({ url, signer: world.provider }).call(getCdr, { params: { id: Number(id) } });

const setOnChain = (hash: string) =>
  world.send(world.provider, 'setTariff', { provider: world.provider.address, uri: 'x', hash: bytesOfHex(hash) });

test('calls wait for the deck that stands on chain, are paid by its entries, and the claim commits to it', async () => {
  const { provider } = world;
  const deck = {
    version: 1 as const,
    provider: provider.address,
    effectiveFrom: '2026-01-01T00:00:00.000Z',
    entries: [entry('+4420', '30', '5'), entry('+44', '10'), entry('+49', '2000')],
  };
  const hash = rateDeckHash(canonicalRateDeck(deck));
  const escrowId = await openEscrow(world, 10_000_000n);
  await setOnChain(hash);
  const place = { escrowId, startedAt: new Date(), answeredAt: new Date() };
  const later = (ms: number, to: string) =>
    cdrRow(world, escrowId, { ...place, to, endedAt: new Date(place.answeredAt.getTime() + ms) });
  const paid = later(3_001, '+442071234567');
  const ids: bigint[] = [];
  for (const row of [paid, later(500, '+4930'), later(500, '+331'), later(900, world.user.address)])
    ids.push(await submit(row));
  await eventually(async () => (await told(ids[0] as bigint)).reasonCode === 'deckMissing', 'the deck is missed');
  expect(await told(ids[0] as bigint)).toMatchObject({
    state: 'received',
    price: null,
    reason: expect.stringContaining(hash),
  });

  const kept = await createClient({ url, signer: provider }).call(putTariff, {
    params: { address: provider.address },
    body: deck,
  });
  expect(kept).toMatchObject({ hash, entries: 3, onChain: true });
  const done = await eventually(async () => {
    const states = (await readStates(world.db)).filter(({ id, state }) => id !== ids[0] || state === 'settled');
    return (
      ids.every((id) => states.some((each) => each.id === id && each.state !== null && each.price !== null)) && states
    );
  }, 'all are rated');
  expect(done).toMatchObject([
    { state: 'settled', price: 125n, amount: 125n },
    { state: 'rejected', reasonCode: 'overAgreedTerms' },
    { state: 'rejected', reasonCode: 'noTariff' },
    { state: 'rated', price: 0n },
  ]);
  const proven = await told(ids[0] as bigint);
  expect(checkProof(proven.proof as Proof)).toEqual([]);
  expect(proven.proof?.cdr).toMatchObject({ tariffHash: hash, amount: '125', billableSeconds: 4 });
  expect(proven).toMatchObject({
    reason: null,
    billableSeconds: 4,
    terms: {
      ratePerSecond: '30',
      feePerCall: '5',
      increments: { initial: 2, further: 1 },
      tariffHash: hash,
      entry: '+4420',
    },
  });
  const leaf = cdrLeaf(paid as never, { billableSeconds: 4n, amount: datoshi(125n), tariffHash: hash }, paid.salt);
  const claim = await world.db
    .selectFrom('claims')
    .select('cdrRoot')
    .where('escrowId', '=', escrowId)
    .executeTakeFirst();
  expect(claim?.cdrRoot).toBe(hexOf(merkleSumRoot([leaf]).hash));
  const states = await world.db
    .selectFrom('cdrStates')
    .select(['state', 'reasonCode'])
    .where('cdrId', '=', ids[0] as bigint)
    .orderBy('id')
    .execute();
  expect(states.map(({ state, reasonCode }) => reasonCode ?? state)).toEqual([
    'received',
    'deckMissing',
    'rated',
    'claimed',
    'settled',
  ]);
});
