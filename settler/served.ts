import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { wordsOf } from '../protocol/call/reasons.ts';
import type { Deps } from './deps.ts';

/** A settler says so often whom it serves, and after some silence it counts as gone. */
const SEEN_EVERY_MS = 60_000;
const GONE_AFTER = sql`interval '5 minutes'`;
/** Calls that are told together. */
const CALLS_AT_A_TIME = 10_000;

/**
 * Tells providers that none of the settlers of this database claims for them, and takes it back where one does by now.
 * Each settler writes down whom it serves: those that serve different providers do not contradict each other.
 */
export function createNotServed(deps: Pick<Deps, 'db' | 'signer' | 'providers'>): () => Promise<void> {
  const { db, signer, providers } = deps;
  const id = randomUUID();
  let seenAt = Number.NEGATIVE_INFINITY;

  async function say(): Promise<void> {
    if (performance.now() - seenAt < SEEN_EVERY_MS) return;
    await sql`delete from settlers where seen_at < now() - ${GONE_AFTER}`.execute(db);
    await sql`insert into settlers (id, operator, providers, seen_at) values (${id}, ${signer.address}, ${providers}::text[], now())
      on conflict (id) do update set seen_at = excluded.seen_at`.execute(db);
    seenAt = performance.now();
  }

  return async () => {
    await say();
    await takeBackNotes(db);
    if (providers !== null) await noteNotServed(db); // else every provider is served: by this settler
  };
}

const isServed = sql<boolean>`exists (select from settlers
  where seen_at > now() - ${GONE_AFTER} and (settlers.providers is null or escrows.provider = any(settlers.providers)))`;

/** By the index of the calls that were told so. */
async function takeBackNotes(db: Deps['db']): Promise<void> {
  await sql`
    update ratings set reason_code = null, reason = null
    where cdr_id in (select cdr_id from ratings join escrows on escrows.id = ratings.escrow_id
      where ratings.state = 'rated' and ratings.reason_code = 'notServed' and ${isServed} limit ${CALLS_AT_A_TIME})
      and state = 'rated'`.execute(db);
}

/** By the index of the calls of which nothing was told yet. */
async function noteNotServed(db: Deps['db']): Promise<void> {
  await sql`
    update ratings set reason_code = 'notServed', reason = ${wordsOf('notServed')}
    where cdr_id in (select cdr_id from ratings join escrows on escrows.id = ratings.escrow_id
      where ratings.state = 'rated' and price > 0 and ratings.reason_code is null and not ${isServed} limit ${CALLS_AT_A_TIME})
      and state = 'rated' and reason_code is null`.execute(db);
}
