import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBlockReader, readHeight } from '../chain/blocks.ts';
import { gasTransfer } from '../chain/gas.ts';
import { send } from '../chain/send.ts';
import { openWriter } from '../indexer/commit.ts';
import { readCursor, startCursor } from '../indexer/store.ts';
import { createClient } from '../protocol/api/client.ts';
import { getEscrow } from '../protocol/api/escrows.ts';
import { putTariff } from '../protocol/api/tariffs.ts';
import { getUser } from '../protocol/api/users.ts';
import { canonicalRateDeck, rateDeckHash } from '../protocol/call/rate-deck.ts';
import { contractCall } from '../protocol/contract/call.ts';
import type { EventName } from '../protocol/contract/event.ts';
import type { ContractCall } from '../protocol/contract/transaction.ts';
import type { Key } from '../protocol/sign/key.ts';
import type { Signer } from '../protocol/sign/signer.ts';
import { bytesOfHex } from '../protocol/types/bytes.ts';
import { datoshi } from '../protocol/types/datoshi.ts';
import { height as asHeight } from '../protocol/types/height.ts';
import { type Answer, answer, urlOf } from './api-world.ts';
import { createFundedAccounts } from './harness/accounts.ts';
import { seededRandom } from './harness/random.ts';
import { type Service, startService } from './harness/services.ts';
import { createWorld, terms, type World } from './harness/world.ts';

/**
 * What was true at a block can be asked for ever: the answer is the one that was given while the chain stood there. The
 * history is made by a seed (HISTORY_SEED, HISTORY_ROUNDS) on the real node, and indexed block by block.
 */
const ROUNDS = Number(process.env.HISTORY_ROUNDS ?? 30);
const SEED = Number(process.env.HISTORY_SEED ?? 1);
/** Each of these has to happen; as chance has it, within 100 rounds. */
const wanted: readonly EventName[] = [
  'Deposited',
  'Withdrawn',
  'UserRegistered',
  'UserUnregistered',
  'ProviderRelocated',
  'ProviderUndeployed',
  'TariffSet',
  'EscrowOpened',
  'EscrowExtended',
  'EscrowSettled',
  'ClaimRejected',
  'EscrowClosing',
  'EscrowClosed',
];
const MAX_ROUNDS = 1_000;

let world: World;
let api: Service;
let url: string;
let users: Key[];
let providers: Signer[];
const get = async (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  answer(await fetch(url + path, { headers }));

beforeAll(async () => {
  world = await createWorld();
  api = await startService('api', { ...world.env, KRYPTON_API_PORT: '0', KRYPTON_API_LIMIT_ADDRESS: '0' });
  url = await urlOf(api);
  users = await createFundedAccounts(3);
  providers = [world.provider, users[0] as Key]; // one is a user too
});
afterAll(async () => {
  await api.kill();
  await world.destroy();
});

const deckOf = ({ address }: Signer, rate: number) => ({
  version: 1 as const,
  provider: address,
  effectiveFrom: '2026-01-01T00:00:00Z',
  entries: [{ prefix: '', ratePerSecond: String(rate), feePerCall: '0', initialIncrement: 1, increment: 1 }],
});
type Deck = ReturnType<typeof deckOf>;
const hashOf = (deck: Deck) => rateDeckHash(canonicalRateDeck(deck as Parameters<typeof canonicalRateDeck>[0]));

/** People do whatever comes to mind, also what the contract refuses. Answers the ids of the escrows that were opened. */
async function makeHistory(decks: Map<Signer, Deck>): Promise<number[]> {
  const { pick, chance, upTo } = seededRandom(SEED, 'history');
  const missing = new Set(wanted);
  const { rpc, network, contract } = world;
  const escrows: { id: bigint; user: Signer; provider: Signer; seq: bigint }[] = [];
  const call = (...given: Parameters<typeof contractCall>) => contractCall(contract, given[1], given[2]);
  const uuid = () => `9b2f1c7e-4d3a-4f6b-8a51-0c2d3e4f5a${10 + upTo(80)}`;

  function asUser(user: Signer): ContractCall[] {
    const who = { user: user.address, provider: pick(providers).address };
    const open = { ...who, amount: datoshi(BigInt(1 + upTo(20_000))), ...terms, voucherKey: null };
    const own = escrows.filter((escrow) => escrow.user === user);
    const { id } = own.length > 0 ? pick(own) : { id: 1n };
    const amount = datoshi(BigInt(1 + upTo(10_000)));
    return pick([
      () => [gasTransfer(user.address, contract, datoshi(BigInt(1 + upTo(50_000))))],
      () => [call(contract, 'withdraw', { account: user.address, amount })],
      () => [call(contract, 'register', { ...who, uuid: uuid() })],
      () => [call(contract, 'unregister', chance(0.3) ? { user: user.address } : who)],
      () => [gasTransfer(user.address, contract, open.amount), call(contract, 'openEscrow', open)],
      () => [call(contract, 'register', { ...who, uuid: uuid() }), call(contract, 'openEscrow', open)],
      () => [call(contract, 'extendEscrow', { id, amount, durationMs: BigInt(upTo(60_000)) })],
      () => [call(contract, 'closeEscrow', { id })],
    ])();
  }

  function asProvider(provider: Signer): ContractCall[] {
    const own = escrows.filter((escrow) => escrow.provider === provider && chance(0.7));
    const claims = own.map(({ id, seq }) => ({
      escrowId: id,
      seq: chance(0.9) ? seq : seq + 1n,
      amount: datoshi(BigInt(upTo(6_000))),
      seconds: 1n,
      calls: 1n,
      cdrRoot: new Uint8Array(32).fill(upTo(256)),
      voucher: null,
      close: chance(0.2),
    }));
    const { address } = provider;
    const hash = chance(0.7) ? bytesOfHex(hashOf(decks.get(provider) as Deck).slice(2)) : new Uint8Array(32).fill(7);
    const location = `sip${upTo(9)}.example.org`;
    return pick([
      () => (claims.length > 0 ? [call(contract, 'settle', { claims })] : []),
      () => (claims.length > 0 ? [call(contract, 'settle', { claims })] : []),
      () => own.slice(0, 1).map(({ id }) => call(contract, 'closeEscrow', { id })),
      () => [call(contract, 'relocate', { provider: address, location })],
      () => [call(contract, 'setTariff', { provider: address, uri: 'https://example.org/deck', hash })],
      () => [call(contract, 'undeploy', { provider: address })],
      () => [call(contract, 'deploy', { provider: address, location })],
      () => [call(contract, 'deploy', { provider: address, location })],
    ])();
  }

  async function take(signer: Signer, calls: ContractCall[]): Promise<void> {
    if (calls.length === 0) return;
    const receipt = await send({ rpc, network, signer, contract }, calls).catch(() => null); // the contract refuses
    for (const event of receipt?.events ?? []) {
      missing.delete(event.name);
      if (event.name === 'EscrowOpened') {
        const [user, provider] = [users, providers].map((all) =>
          (all as Signer[]).find(({ address }) => address === event.user || address === event.provider),
        ) as [Signer, Signer];
        escrows.push({ id: event.id, user, provider, seq: 0n });
      }
      const settled = event.name === 'EscrowSettled' && escrows.find(({ id }) => id === event.id);
      if (settled) settled.seq += 1n;
    }
  }

  for (let round = 0; round < ROUNDS || (missing.size > 0 && round < MAX_ROUNDS); round += 1) {
    const provider = pick(providers);
    const acting = users.filter((user) => user !== provider && chance(0.7));
    await Promise.all([take(provider, asProvider(provider)), ...acting.map((user) => take(user, asUser(user)))]);
  }
  expect([...missing]).toEqual([]);
  return escrows.map(({ id }) => Number(id));
}

/** What two answers have to have in common: a tariff's is as of a moment of its own. */
const comparable = ({ status, headers, body: { at, ...body } }: Answer) => {
  const names = ['content-type', 'krypton-height', 'etag'];
  return { status, headers: names.map((name) => headers.get(name)), body };
};

test('at each block the answer is what it was when the chain stood there', { timeout: 300_000 }, async () => {
  const { rpc, db, contract, network, deployedAt } = world;
  const decks = new Map(providers.map((provider, i) => [provider, deckOf(provider, 1 + i)]));
  const ids = await makeHistory(decks);
  const head = await readHeight(rpc);
  const accounts = [...users, world.user, ...providers, world.owner].map(({ address }) => address);
  const paths = [
    ...accounts.map((account) => `/v1/users/${account}`),
    ...[...ids, ids.length + 5].map((id) => `/v1/escrows/${id}`),
    ...providers.map(({ address }) => `/v1/providers/${address}/tariff`),
    ...providers.map(({ address }) => `/v1/providers/${address}/tariff/price?dest=%2B3120&minutes=2`),
  ];
  const asked = (path: string, height: number) => `${path}${path.includes('?') ? '&' : '?'}height=${height}`;

  const readBlocks = createBlockReader(contract);
  const read = async (height: number) => (await rpc.use((node) => readBlocks(node, asHeight(height), 1)))[0];
  const first = await read(deployedAt - 1);
  if (!first) throw new Error('the node has no block before the contract');
  await startCursor(db, { ...first, time: new Date(first.time), network, contract, deployedAt });
  const cursor = await readCursor(db);
  if (!cursor) throw new Error('the index has no cursor');
  const writer = await openWriter(db, cursor);
  const told = new Map<number, Answer[]>();
  let changes = 0;
  for (let height = deployedAt as number; height <= head; height += 1) {
    const block = await read(height);
    if (!block) throw new Error(`the node has no block ${height}`);
    changes += block.notifications.length;
    await writer.take([block]);
    const prepared = writer.prepare();
    if (prepared) await writer.commit(prepared);
    const answers: Answer[] = [];
    for (const path of paths) answers.push(await get(path, { 'min-height': String(height) }));
    told.set(height, answers);
    if (block.notifications.some(({ name }) => name === 'ProviderDeployed')) await handIn(decks);
  }
  expect(changes).toBeGreaterThan(ROUNDS);
  expect(ids.length).toBeGreaterThan(2);
  for (const [height, answers] of told)
    for (const [i, path] of paths.entries()) {
      const was = await get(asked(path, height));
      expect(comparable(was), asked(path, height)).toEqual(comparable(answers[i] as Answer));
    }
});

/** Before a provider sets a deck: afterwards the document is known at all heights alike. */
async function handIn(decks: ReadonlyMap<Signer, Deck>): Promise<void> {
  for (const [signer, body] of decks) {
    const client = createClient({ url, signer });
    await client.call(putTariff, { params: { address: signer.address }, body }).catch(() => {}); // none as yet
  }
}

test('an earlier answer never changes, and the newest one is no other than before', async () => {
  const { address } = world.user;
  const { height } = await world.db.selectFrom('cursor').select('height').executeTakeFirstOrThrow();
  const past = await get(`/v1/users/${address}?height=${height - 3}`);
  expect(past.headers.get('krypton-height')).toBe(String(height - 3));
  const etag = past.headers.get('etag') as string;
  const again = await get(`/v1/users/${address}?height=${height - 3}`, { 'if-none-match': etag });
  expect([again.status, again.headers.get('krypton-height')]).toEqual([304, String(height - 3)]);
  expect((await get(`/v1/users/${address}`)).headers.get('krypton-height')).toBe(String(height));
  const client = createClient({ url });
  const params = { address };
  expect(await client.call(getUser, { params, query: { height: height - 3 } })).toEqual(past.body);
  await expect(client.call(getEscrow, { params: { id: 1 }, query: { height: world.deployedAt } })).rejects.toThrow(
    '404 unknownEscrow',
  );
});

test.each([
  ['a block that is not in the index yet', (head: number) => `height=${head + 1}`, 404, 'unknownHeight'],
  ['a block before the contract', () => 'height=0', 404, 'unknownHeight'],
  ['no block', () => 'height=-1', 400, 'invalidRequest'],
  ['no number', () => 'height=', 400, 'invalidRequest'],
  ['more than there can be', () => 'height=99999999999', 400, 'invalidRequest'],
  ['two', (head: number) => `height=${head}&height=${head}`, 400, 'invalidRequest'],
  ['another name', (head: number) => `heigth=${head}`, 400, 'invalidRequest'],
])('%s is refused', async (_, query, status, code) => {
  const { height } = await world.db.selectFrom('cursor').select('height').executeTakeFirstOrThrow();
  for (const path of [
    `/v1/users/${world.user.address}`,
    '/v1/escrows/1',
    `/v1/providers/${world.provider.address}/tariff`,
  ]) {
    const refused = await get(`${path}?${query(height)}`);
    expect([refused.status, refused.body.code]).toEqual([status, code]);
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
  }
});

test('a tariff is asked for by a time or by a block, not by both', async () => {
  const path = `/v1/providers/${world.provider.address}/tariff`;
  const refused = await get(`${path}?height=${world.deployedAt}&at=2026-01-01T00:00:00Z`);
  expect([refused.status, refused.body.code]).toEqual([400, 'invalidRequest']);
});
