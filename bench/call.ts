import { sql } from 'kysely';
import type { Database } from '../database/connection.ts';
import { createClient } from '../protocol/api/client.ts';
import { putTariff } from '../protocol/api/tariffs.ts';
import { signRequest } from '../protocol/sign/http-signature.ts';
import type { Signer } from '../protocol/sign/signer.ts';
import { compare, type Row, type Size } from './compare.ts';
import { encode, fire } from './load.ts';
import { createFastSigner } from './signer.ts';
import { inWorld } from './world.ts';

const ESCROWS = 100;
const CONNECTIONS = 64;

type Amount = { entries: number; running: number; requests: number; rounds: number };
const amounts: Record<Size, Amount> = {
  full: { entries: 200_000, running: 1_000, requests: 10_000, rounds: 5 },
  short: { entries: 1_000, running: 50, requests: 50, rounds: 1 },
};

/** What a permission costs, with a large rate deck and many calls under way. */
export const measureCall = (size: Size): Promise<Row[]> =>
  inWorld(async ({ db, postgres, startApi, startCeiling }) => {
    const { entries, running, requests, rounds } = amounts[size];
    const [provider, user] = [createFastSigner(), createFastSigner()];
    await prepare(db, provider, user);
    const [api, trips, signed] = [await startApi(), await startCeiling('trips'), await startCeiling('permission')];
    const { hash } = await createClient({ url: api.url, signer: provider }).call(putTariff, {
      params: { address: provider.address },
      body: deckOf(provider, entries),
    });
    await setTariff(db, provider, hash);
    const shots = (url: string, count: number) =>
      Promise.all(Array.from({ length: count }, (_, i) => shotOf(url, provider, user, i % running, entries)));
    for (const { url } of [api, trips, signed]) await fire(url, await shots(url, running), CONNECTIONS);
    await sql`analyze`.execute(db);
    const run = (url: string) => async () => fire(url, await shots(url, requests), CONNECTIONS);
    const row = await compare(
      { what: `\`POST /v1/calls/authorize\`, ${CONNECTIONS} connections`, asked: '0.6', rounds, requests, postgres },
      { name: 'authorize', pid: api.pid, run: run(api.url) },
      [
        {
          name: 'node:http, a row read and a hold written in two round trips, nothing checked',
          pid: trips.pid,
          run: run(trips.url),
        },
        {
          name: 'node:http, one signature verified, its nonce and a hold committed by one statement',
          pid: signed.pid,
          run: run(signed.url),
        },
      ],
    );
    return [row];
  });

const deckOf = ({ address }: Signer, entries: number) => ({
  version: 1 as const,
  provider: address,
  effectiveFrom: '2026-01-01T00:00:00.000Z',
  entries: Array.from({ length: entries }, (_, n) => ({
    prefix: `+${100_000 + n}`,
    ratePerSecond: String(1 + (n % 100)),
    feePerCall: '0',
    initialIncrement: 60,
    increment: 60,
  })),
});

const numberOf = (n: number, entries: number) => `+${100_000 + ((n * 7_919) % entries)}123456`;

async function prepare(db: Database, provider: Signer, user: Signer): Promise<void> {
  await sql`create table bench_holds (call_id text primary key, amount bigint not null)`.execute(db);
  await sql`insert into providers (provider, location, deployed_at) values (${provider.address}, 'x', now())`.execute(
    db,
  );
  await sql`insert into escrows (id, "user", provider, state, amount, rate_per_second, fee_per_call, increment, max_parallel,
      opened_at, ends_at, claim_deadline)
    select id, ${user.address}, ${provider.address}, 'open', 100000000000, 100, 100, 60, 100, now(), now() + interval '1 day',
      now() + interval '2 days' from generate_series(1, ${ESCROWS}::integer) as id`.execute(db);
}

async function setTariff(db: Database, { address }: Signer, hash: string): Promise<void> {
  const payload = JSON.stringify({ provider: address, uri: 'x', hash });
  await sql`insert into events (height, position, tx_hash, ordinal, name, payload)
    values (1, 0, '0x', 0, 'TariffSet', ${payload}::jsonb)`.execute(db);
}

/** Calls that run at the same time, each in the middle of its slice. Signed beforehand. */
async function shotOf(url: string, provider: Signer, user: Signer, n: number, entries: number): Promise<Buffer> {
  const path = '/v1/calls/authorize';
  const body = JSON.stringify({
    callId: `call-${n}`,
    user: user.address,
    destination: numberOf(n, entries),
    direction: 'outbound',
    escrowId: 1 + (n % ESCROWS),
  });
  const headers = { 'content-type': 'application/json' };
  const signed = await signRequest({ method: 'POST', url: url + path, body, headers }, provider);
  return encode(url, { path, method: 'POST', body, headers: signed });
}
