import { sql } from 'kysely';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient } from '../protocol/api/client.ts';
import { createKey } from '../protocol/sign/key.ts';
import type { Signer } from '../protocol/sign/signer.ts';
import { createHandIn } from '../provider/service/hand-in.ts';
import { createMetrics } from '../provider/service/metrics.ts';
import { openStore } from '../provider/service/store.ts';
import { type ApiWorld, cdrOf, createApiWorld, deployProviders, moveTo, openEscrows } from './api-world.ts';

let world: ApiWorld;
const stranger = createKey();

beforeAll(async () => {
  world = await createApiWorld();
  await moveTo(world, 1);
  await deployProviders(world, world.provider, stranger);
  await openEscrows(world, world.provider, 1, 2);
});
afterAll(() => world.destroy());

async function handIn(provider: Signer, ...cdrs: object[]) {
  const { status, body, headers } = await world.signed(provider, '/v1/cdrs', { body: { cdrs } });
  return { status, body, headers, ids: (body.cdrs ?? []).map(({ id }: { id: number }) => id) as number[] };
}

const listed = async (party: Signer, query = ''): Promise<number[]> =>
  (await world.signed(party, `/v1/cdrs${query}`)).body.items.map(({ id }: { id: number }) => id);

const newestFirst = (ids: readonly number[]) => ids.toSorted((a, b) => b - a);

describe("a user's list", () => {
  test("holds the calls of the user's own escrows, and nothing that a stranger says", async () => {
    const own = await handIn(world.provider, cdrOf(world.user), cdrOf(world.user, { escrowId: 2 }));
    // another's escrow, one that never was, and the user's own escrow, which is not with this provider
    const foreign = await handIn(
      stranger,
      cdrOf(world.user, { escrowId: 1 }),
      cdrOf(world.user, { escrowId: 2 }),
      cdrOf(world.user, { escrowId: 77 }),
    );
    expect([own.status, foreign.status]).toEqual([202, 202]);
    expect(await listed(world.user)).toEqual(newestFirst(own.ids));
    expect(await listed(world.user, '?escrowId=2')).toHaveLength(1);
    expect(await listed(stranger)).toEqual(newestFirst(foreign.ids)); // they are the sender's own
    for (const id of foreign.ids) expect((await world.signed(world.user, `/v1/cdrs/${id}`)).status).toBe(404);
    expect((await world.signed(world.user, `/v1/cdrs/${own.ids[0]}`)).status).toBe(200);
  });

  test('is paged over several escrows, each CDR once, the newest first', async () => {
    for (let i = 0; i < 6; i += 1) await handIn(world.provider, cdrOf(world.user, { escrowId: 1 + (i % 2) }));
    const walked: number[] = [];
    for (let next: string | null = ''; next !== null; ) {
      const { body } = await world.signed(world.user, `/v1/cdrs?limit=3${next && `&cursor=${next}`}`);
      walked.push(...body.items.map(({ id }: { id: number }) => id));
      next = body.next;
    }
    expect(walked).toEqual(await listed(world.user));
    expect(walked).toEqual(newestFirst([...new Set(walked)]));
  });
});

describe('a provider hands in no more', () => {
  test('of an escrow with too many CDRs that wait; others of its escrows are taken', async () => {
    await sql`insert into cdrs (provider, call_id, escrow_id, "user", direction, "from", "to", started_at, ended_at, disposition, sip_status,
        content_hash, salt)
      select ${world.provider.address}, 'waiting-' || n, 1, ${world.user.address}, 'outbound', '1', '2', now(), now(), 'answered', 200, '',
        decode(md5(n::text), 'hex')
      from generate_series(1, 20000) as n`.execute(world.db);
    await sql`insert into ratings (cdr_id, escrow_id, state, price)
      select id, escrow_id, 'rated', 5 from cdrs where call_id like 'waiting-%'`.execute(world.db);
    expect((await handIn(world.provider, cdrOf(world.user))).status).toBe(202);
    await sql`insert into ratings (cdr_id, escrow_id, state, price)
      select max(id), 1, 'rated', 5 from cdrs where escrow_id = 1`.execute(world.db);
    const { status, body, headers } = await handIn(
      world.provider,
      cdrOf(world.user),
      cdrOf(world.user, { escrowId: 2 }),
    );
    expect([status, body.code, headers.get('retry-after')]).toEqual([429, 'tooManyWaiting', '60']);
    expect(body.detail).toContain('escrow 1');
    expect((await handIn(world.provider, cdrOf(world.user, { escrowId: 2 }))).status).toBe(202);
  });

  test('and a provider kit hands in those of the others', async () => {
    const store = openStore(':memory:');
    const insert =
      store.prepare(`insert into calls (call_id, sip_call_id, from_tag, escrow_id, direction, from_party, to_party, state,
      invited_at, price, cdr, cdr_state) values (?1, ?1, '', ?2, 'outbound', '', '', 'over', ?3, 5, ?4, 'waiting')`);
    [1, 2, 1, 2].forEach((escrowId, i) => {
      const cdr = cdrOf(world.user, { escrowId });
      insert.run(cdr.callId, escrowId, i, JSON.stringify(cdr));
    });
    const api = createClient({ url: world.url, signer: world.provider });
    const log = pino({ level: 'silent' });
    const deps = { store, api, signer: world.provider, log, metrics: createMetrics(), now: () => new Date() };
    await createHandIn(deps, new AbortController().signal)();
    const found = store.prepare('select escrow_id, cdr_state from calls order by invited_at').all();
    expect(found.map(({ escrow_id, cdr_state }) => [escrow_id, cdr_state])).toEqual([
      [1n, 'waiting'],
      [2n, 'accepted'],
      [1n, 'waiting'],
      [2n, 'accepted'],
    ]);
  });

  test('while too many wait for a rate deck: each is looked at again every minute', async () => {
    await sql`insert into cdrs (provider, call_id, escrow_id, "user", direction, "from", "to", started_at, ended_at, disposition, sip_status,
        content_hash, salt)
      select ${stranger.address}, 'deck-' || n, 3, ${world.user.address}, 'outbound', '1', '2', now(), now(), 'answered', 200, '',
        decode(md5(n::text), 'hex')
      from generate_series(1, 20001) as n`.execute(world.db);
    const wait = (where: string) =>
      sql`insert into deck_waits select id, provider, '0xdeck', now() from cdrs where call_id ${sql.raw(where)}`;
    await wait(`like 'deck-%' and call_id <> 'deck-1'`).execute(world.db);
    expect((await handIn(stranger, cdrOf(world.user, { escrowId: 2 }))).status).toBe(202);
    await wait(`= 'deck-1'`).execute(world.db);
    const { status, body, headers } = await handIn(stranger, cdrOf(world.user, { escrowId: 2 }));
    expect([status, body.code, headers.get('retry-after')]).toEqual([429, 'tooManyWaiting', '60']);
    expect(body.detail).toContain('rate deck');
    expect((await handIn(world.provider, cdrOf(world.user, { escrowId: 2 }))).status).toBe(202);
    await sql`delete from deck_waits`.execute(world.db);
  });

  test('after too many rejected ones in a day', async () => {
    await sql`insert into provider_rejections values (${stranger.address}, (now() at time zone 'UTC')::date, 99999)`.execute(
      world.db,
    );
    expect((await handIn(stranger, cdrOf(world.user, { escrowId: 2 }))).status).toBe(202);
    await sql`update provider_rejections set calls = calls + 1`.execute(world.db);
    const { status, body, headers } = await handIn(stranger, cdrOf(world.user, { escrowId: 2 }));
    expect([status, body.code]).toEqual([429, 'tooManyRejected']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await handIn(world.provider, cdrOf(world.user, { escrowId: 2 }))).status).toBe(202);
    await sql`update provider_rejections set day = day - 1`.execute(world.db);
    expect((await handIn(stranger, cdrOf(world.user, { escrowId: 2 }))).status).toBe(202);
  });
});
