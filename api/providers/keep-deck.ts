import { sql } from 'kysely';
import type { Database, Tx } from '../../database/connection.ts';
import type { KeptDeck } from '../../protocol/api/tariffs.ts';
import type { Address } from '../../protocol/types/address.ts';
import { Refusal } from '../http/problem.ts';
import type { CheckedDeck } from './check-deck.ts';

/** Documents of one provider whose hash never stood on chain: enough to prepare and to mend, too few to fill a disk. */
const MAX_PREPARED = 20;
/** One that was prepared so long ago makes room for a new one. */
const PREPARED_FOR_DAYS = 7;
/** Any number under which nobody else locks a pair in this database. */
const DECK_LOCK = 0x5e_d0;

/** Keeps a deck, once; the same one again changes nothing. @throws Refusal notAProvider, tooManyDecks */
export async function keepDeck(db: Database, provider: Address, deck: CheckedDeck): Promise<KeptDeck> {
  const { hash, effectiveFrom, entries, document, rows, warnings } = deck;
  await db.transaction().execute(async (tx) => {
    // so that the bound holds for parallel requests
    await sql`select pg_advisory_xact_lock(${DECK_LOCK}, hashtext(${provider}))`.execute(tx);
    const isKept = await readKept(tx, provider, hash);
    if (isKept) return;
    await makeRoom(tx, provider);
    const { id } = await tx
      .insertInto('rateDecks')
      .values({ provider, hash, effectiveFrom, entries, document })
      .returning('id')
      .executeTakeFirstOrThrow();
    for (const each of rows)
      await sql`
        insert into rate_deck_entries (deck_id, prefix, rate_per_second, fee_per_call, initial_increment, increment)
        select ${id}, prefix, rate_per_second, fee_per_call, initial_increment, increment
        from json_populate_recordset(null::rate_deck_entries, ${each}::json)`.execute(tx);
  });
  const onChain = await isOnChain(db, provider, hash);
  return { hash, entries, effectiveFrom: effectiveFrom.toISOString(), onChain, warnings };
}

/** @throws Refusal notAProvider */
export async function refuseStranger(db: Database, provider: Address): Promise<void> {
  const known = await db.selectFrom('providers').select('provider').where('provider', '=', provider).executeTakeFirst();
  if (!known)
    throw new Refusal('notAProvider', `${provider} was never deployed as a provider, or the index has not seen it yet`);
}

const readKept = (db: Database | Tx, provider: Address, hash: string) =>
  db.selectFrom('rateDecks').select('id').where('provider', '=', provider).where('hash', '=', hash).executeTakeFirst();

async function makeRoom(tx: Tx, provider: Address): Promise<void> {
  const { rows } = await sql<{ id: bigint; isOld: boolean }>`
    select id, received_at < now() - ${`${PREPARED_FOR_DAYS} days`}::interval as is_old from rate_decks
    where provider = ${provider} and not exists (
      select from tariffs where tariffs.provider = rate_decks.provider and tariffs.hash = rate_decks.hash)
    order by id`.execute(tx);
  if (rows.length < MAX_PREPARED) return;
  const [oldest] = rows;
  if (!oldest?.isOld)
    throw new Refusal(
      'tooManyDecks',
      `${rows.length} decks of yours wait for setTariff; set the hash of one of them on chain, ` +
        `or hand in another one ${PREPARED_FOR_DAYS} days after the oldest`,
      { headers: { 'Retry-After': '3600' } },
    );
  await tx.deleteFrom('rateDecks').where('id', '=', oldest.id).execute();
}

async function isOnChain(db: Database, provider: Address, hash: string): Promise<boolean> {
  const found = await db
    .selectFrom('tariffs')
    .select('height')
    .where('provider', '=', provider)
    .where('hash', '=', hash)
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}
