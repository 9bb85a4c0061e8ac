import { sql } from 'kysely';
import type { Database } from '../../database/connection.ts';
import { findPrices } from '../../database/prices.ts';
import type { Price, SetDeck } from '../../protocol/api/tariffs.ts';
import { type DeckPrice, freeTerms } from '../../protocol/call/call-price.ts';
import type { Destination } from '../../protocol/call/destination.ts';
import { priceOf } from '../../protocol/call/price.ts';
import type { Address } from '../../protocol/types/address.ts';
import { Refusal } from '../http/problem.ts';
import { termsShape } from '../http/terms.ts';

type Row = {
  uri: string;
  hash: string;
  setAt: Date;
  height: number;
  position: number;
  txHash: string;
  effectiveFrom: Date | null;
  entries: number | null;
};

const columns = sql`tariffs.uri, tariffs.hash, tariffs.set_at, tariffs.height, tariffs.position, tariffs.tx_hash,
  rate_decks.effective_from, rate_decks.entries`;

/** The deck in force at a time, with its document where somebody has handed it in. */
export async function readTariff(
  db: Database,
  provider: Address,
  at: Date,
): Promise<{ inForce: SetDeck; document: string | null } | null> {
  const { rows } = await sql<Row & { document: string | null }>`
    select ${columns}, rate_decks.document
    from deck_in_force(${provider}, ${at}) as deck
    join tariffs on tariffs.provider = ${provider} and tariffs.hash = deck.hash and tariffs.set_at <= ${at}
    left join rate_decks on rate_decks.id = deck.deck_id
    order by tariffs.height desc, tariffs.position desc
    limit 1`.execute(db);
  const [row] = rows;
  return row ? { inForce: toSetDeck(row), document: row.document } : null;
}

/** The decks that a provider has set on chain, the newest first; one more than `limit`. */
export async function findTariffs(
  db: Database,
  provider: Address,
  { limit, before }: { limit: number; before: readonly [number, number] | undefined },
): Promise<{ deck: SetDeck; key: [number, number] }[]> {
  const { rows } = await sql<Row>`
    select ${columns}
    from tariffs left join rate_decks on rate_decks.provider = tariffs.provider and rate_decks.hash = tariffs.hash
    where tariffs.provider = ${provider} and tariffs.hash is not null
      and ${before ? sql`(tariffs.height, tariffs.position) < (${before[0]}, ${before[1]})` : sql`true`}
    order by tariffs.height desc, tariffs.position desc
    limit ${limit}`.execute(db);
  return rows.map((row) => ({ deck: toSetDeck(row), key: [row.height, row.position] }));
}

function toSetDeck({ uri, hash, setAt, height, txHash, effectiveFrom, entries }: Row): SetDeck {
  return {
    uri,
    hash,
    setAt: setAt.toISOString(),
    height,
    txHash,
    effectiveFrom: effectiveFrom?.toISOString() ?? null,
    entries,
  };
}

/** What a call of so many milliseconds costs. @throws Refusal unknownTariff, deckMissing, noTariff */
export async function readPrice(
  db: Database,
  provider: Address,
  { destination, at, ms }: { destination: Destination; at: Date; ms: number },
): Promise<Price> {
  const [found] = await findPrices(db, [{ provider, destination, at }]);
  return priceShape(refuseUnpriced(found as DeckPrice, provider), ms);
}

type Priced = Extract<DeckPrice, { kind: 'entry' | 'free' }>;

function refuseUnpriced(found: DeckPrice, provider: Address): Priced {
  switch (found.kind) {
    case 'entry':
    case 'free':
      return found;
    case 'noDeck':
      throw new Refusal(
        'unknownTariff',
        `${provider} had no rate deck on chain then: a call costs what its escrow agreed to`,
      );
    case 'deckMissing':
      throw new Refusal('deckMissing', `nobody has handed in the rate deck ${found.tariffHash}`);
    case 'noTariff':
      throw new Refusal('noTariff', `the rate deck ${found.tariffHash} has no entry for this destination`);
    default:
      return found satisfies never;
  }
}

/** A price as answers have it. */
export function priceShape(priced: Priced, ms: number): Price {
  const { terms, entry } = priced.kind === 'entry' ? priced : { terms: freeTerms, entry: null };
  const { seconds, price } = priceOf(ms, terms);
  return {
    ...termsShape(terms),
    tariffHash: priced.tariffHash,
    entry,
    seconds: priced.kind === 'entry' ? Number(seconds) : 0,
    price: price.toString(),
  };
}
