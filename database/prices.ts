import { sql } from 'kysely';
import type { DeckPrice } from '../protocol/call/call-price.ts';
import { lookUpOf } from '../protocol/call/deck-index.ts';
import type { Destination } from '../protocol/call/destination.ts';
import type { Address } from '../protocol/types/address.ts';
import { datoshi } from '../protocol/types/datoshi.ts';
import type { Database } from './connection.ts';

/** A call as far as its price depends on it. */
export type AskedPrice = { provider: Address; destination: Destination; at: Date };

/** What `deck_in_force` and `deck_entry` found; all null where no deck was in force. */
export type PriceColumns = {
  tariffHash: string | null;
  deckId: bigint | null;
  prefix: string | null;
  ratePerSecond: bigint | null;
  feePerCall: bigint | null;
  initialIncrement: number | null;
  increment: number | null;
};

/** To be selected from where `deck` and `entry` were joined. */
export const priceColumns = `deck.hash as tariff_hash, deck.deck_id, entry.prefix, entry.rate_per_second,
  entry.fee_per_call, entry.initial_increment, entry.increment`;

/** The price of each call by the deck that was in force at its moment, in the order asked; one statement for all. */
export async function findPrices(db: Database, asked: readonly AskedPrice[]): Promise<DeckPrice[]> {
  const { rows } = await sql<PriceColumns>`
    select ${sql.raw(priceColumns)}
    from unnest(${asked.map(({ provider }) => provider)}::text[], ${asked.map(({ at }) => at)}::timestamptz[],
        ${asked.map(({ destination }) => lookUpOf(destination).prefixes.join(' '))}::text[])
      with ordinality as given (provider, at, prefixes, place)
    left join lateral deck_in_force(given.provider, given.at) as deck on true
    left join lateral deck_entry(deck.deck_id, string_to_array(given.prefixes, ' ')) as entry on true
    order by place`.execute(db);
  return rows.map((row, i) => deckPriceOf(row, (asked[i] as AskedPrice).destination));
}

export function deckPriceOf(row: PriceColumns, destination: Destination): DeckPrice {
  const { tariffHash, deckId, prefix } = row;
  if (tariffHash === null) return { kind: 'noDeck' };
  if (deckId === null) return { kind: 'deckMissing', tariffHash };
  if (prefix === null) return { kind: lookUpOf(destination).orElse ?? 'noTariff', tariffHash };
  const terms = {
    ratePerSecond: datoshi(row.ratePerSecond as bigint),
    feePerCall: datoshi(row.feePerCall as bigint),
    initialIncrement: row.initialIncrement as number,
    increment: row.increment as number,
  };
  return { kind: 'entry', terms, entry: prefix, tariffHash };
}
