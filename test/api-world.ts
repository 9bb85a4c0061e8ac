import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { inject } from 'vitest';
import { createDatabase, type Database } from '../database/connection.ts';
import { migrate } from '../database/migrate.ts';
import { type SignOptions, signRequest } from '../protocol/sign/http-signature.ts';
import { createKey } from '../protocol/sign/key.ts';
import type { Signer } from '../protocol/sign/signer.ts';
import type { BlockHash, ScriptHash, TxHash } from '../protocol/types/hash.ts';
import { createTestDatabase } from './harness/postgres.ts';
import { createTestRedis } from './harness/redis.ts';
import { type Service, startService } from './harness/services.ts';

/** The API as a process of its own over an index that the test writes. */
export type ApiWorld = {
  url: string;
  /** As superuser. */
  db: Database;
  databaseUrl: string;
  redisUrl: string;
  service: Service;
  provider: Signer;
  user: Signer;
  stranger: Signer;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** A request signed by somebody; the body is sent as JSON. */
  signed(signer: Signer, path: string, given?: Given): Promise<Answer>;
  destroy(): Promise<void>;
};

export type Given = { body?: unknown; method?: string; options?: SignOptions; headers?: Record<string, string> };

// biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what a test looks at
export type Answer = { status: number; headers: Headers; body: any };

export const contract = `0x${'c0'.repeat(20)}` as ScriptHash;
export const hash = (n: number) => `0x${n.toString(16).padStart(64, '0')}` as TxHash & BlockHash;
/** A second a block. */
export const timeOf = (height: number) => new Date(Date.UTC(2026, 0, 1) + height * 1000);

export async function createApiWorld(env: NodeJS.ProcessEnv = {}): Promise<ApiWorld> {
  const [database, redisUrl] = [await createTestDatabase(), await createTestRedis()];
  await migrate(database.url);
  const db = createDatabase(database.url);
  const service = await startService('api', { ...environment(database.url, redisUrl), ...env });
  const url = await urlOf(service);
  const [provider, user, stranger] = [createKey(), createKey(), createKey()];
  return {
    url,
    db,
    databaseUrl: database.url,
    redisUrl,
    service,
    provider,
    user,
    stranger,
    get: async (path, headers = {}) => answer(await fetch(url + path, { headers, redirect: 'manual' })),
    signed: async (signer, path, given) => answer(await fetch(await signedRequest(url, signer, path, given))),
    destroy: async () => {
      await service.kill();
      await db.destroy();
      await database.drop();
    },
  };
}

export async function deployProviders({ db }: ApiWorld, ...providers: Signer[]): Promise<void> {
  const rows = providers.map(({ address }) => ({ provider: address, location: 'sip.test', deployedAt: new Date() }));
  await db.insertInto('providers').values(rows).execute();
}

/** What the indexer does with a TariffSet: its block has to be there. */
export async function setTariff({ db }: ApiWorld, provider: Signer, deckHash: string, height: number): Promise<void> {
  const uri = 'https://provider.test/deck.json';
  await addEvent(db, 'TariffSet', { provider: provider.address, uri, hash: deckHash }, height);
  await db
    .updateTable('providers')
    .set({ tariffUri: uri, tariffHash: deckHash })
    .where('provider', '=', provider.address)
    .execute();
}

let events = 0;
export async function addEvent(db: Database, name: string, payload: Record<string, string>, height: number) {
  events += 1;
  const row = { height, position: events, txHash: hash(events), ordinal: 0, name, payload: JSON.stringify(payload) };
  await db.insertInto('events').values(row).execute();
}

/** Escrows of the user with this provider. */
export async function openEscrows(
  { db, user }: ApiWorld,
  provider: Signer,
  ...ids: (number | bigint)[]
): Promise<void> {
  await sql`insert into escrows (id, "user", provider, state, amount, rate_per_second, fee_per_call, increment, max_parallel,
      opened_at, ends_at, claim_deadline)
    select id, ${user.address}, ${provider.address}, 'open', 1000, 1, 0, 1, 1, now(), now(), now()
    from unnest(${ids.map(String)}::bigint[]) as id`.execute(db);
}

export const environment = (databaseUrl: string, redisUrl: string) => ({
  KRYPTON_DATABASE_URL: databaseUrl,
  KRYPTON_REDIS_URL: redisUrl,
  KRYPTON_RPC_URL: inject('base').rpc,
  KRYPTON_NETWORK: String(inject('base').network),
  KRYPTON_CONTRACT: contract,
  KRYPTON_API_PORT: '0',
});

export async function urlOf(service: Service): Promise<string> {
  for (let tries = 0; tries < 100; tries += 1) {
    const found = /listening on (http:\S+?)"/.exec(service.log())?.[1];
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`the API does not say where it listens: ${service.log()}`);
}

export async function signedRequest(
  url: string,
  signer: Signer,
  path: string,
  { body, method = body === undefined ? 'GET' : 'POST', headers: given = {}, options }: Given = {},
): Promise<Request> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = await signRequest(
    {
      method,
      url: url + path,
      body: text,
      headers: text === undefined ? given : { ...given, 'content-type': 'application/json' },
    },
    signer,
    options,
  );
  return new Request(url + path, { method, headers, ...(text !== undefined && { body: text }) });
}

export async function answer(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '') && text !== '';
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

/** A notification in a block; its place there is its place in the list. */
export type Notification = { name: string; payload: Record<string, unknown>; escrowId?: bigint };

/** What the indexer does with each commit. */
export async function moveTo(
  { db }: Pick<ApiWorld, 'db'>,
  height: number,
  notifications: readonly Notification[] = [],
): Promise<void> {
  const row = { height, hash: hash(height), time: timeOf(height) };
  await db.transaction().execute(async (tx) => {
    await tx
      .insertInto('blocks')
      .values({ ...row, previousHash: hash(height - 1) })
      .execute();
    const events = notifications.map(({ name, payload, escrowId = null }, position) => {
      return {
        height,
        position,
        txHash: hash(height),
        ordinal: position,
        name,
        payload: JSON.stringify(payload),
        escrowId,
      };
    });
    if (events.length > 0) await tx.insertInto('events').values(events).execute();
    await tx
      .insertInto('cursor')
      .values({ ...row, network: BigInt(inject('base').network), contract, deployedAt: 1 })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
      .execute();
    await sql`select pg_notify('krypton_head', ${String(height)})`.execute(tx);
  });
}

/** A CDR as a provider sends it. */
export const cdrOf = (user: Signer, given: Record<string, unknown> = {}) => ({
  callId: randomBytes(8).toString('hex'),
  escrowId: 1,
  user: user.address,
  direction: 'outbound',
  from: '+31201234567',
  to: 'sip:bob@example.org',
  startedAt: '2026-01-01T12:00:00.000Z',
  answeredAt: '2026-01-01T13:00:05.250+01:00',
  endedAt: '2026-01-01T12:01:00Z',
  disposition: 'answered',
  sipStatus: 200,
  ...given,
});
