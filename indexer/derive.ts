import { sql } from 'kysely';
import type { Database, Tx } from '../database/connection.ts';
import { eventFromPayload } from '../protocol/contract/event.ts';
import type { TxHash } from '../protocol/types/hash.ts';
import type { PlacedEvent } from './apply.ts';
import { type Digests, emptyDigests } from './digest.ts';
import { hold } from './held.ts';
import { payloadOf } from './payload.ts';
import { stateParameters, stateStatement } from './write.ts';

/** Events that are applied at a time: bounds the memory, not the result. */
const EVENTS_AT_A_TIME = 5_000;

/**
 * Derives the state from the stored events into empty tables of a schema, up to a block. Answers its digests. With
 * `before`, the schema holds what followed from the blocks up to `before.height` already.
 */
export async function derive(
  tx: Tx | Database,
  schema: string,
  upTo: number,
  before: { height: number; digests: Digests } = { height: -1, digests: emptyDigests() },
): Promise<Digests> {
  const held = hold(tx, schema, before.digests);
  const write = stateStatement(schema);
  for (let after = before.height; ; ) {
    const page = wholeBlocks(await readEvents(tx, after, upTo));
    const last = page.at(-1);
    if (!last) return held.digests();
    const settlements = await held.take(page);
    await write(tx, ...stateParameters(settlements, held.changes()));
    if (held.isFull()) held.drop();
    after = last.height;
  }
}

/** A block's events are digested together: those of the last block of a full page wait for the next one. */
function wholeBlocks({ events, isLast }: { events: PlacedEvent[]; isLast: boolean }): PlacedEvent[] {
  const newest = events.at(-1);
  if (isLast || !newest) return events;
  return events.filter(({ height }) => height < newest.height);
}

/** Events behind a place; more than asked for where one block alone has more. */
async function readEvents(
  tx: Tx | Database,
  after: number,
  upTo: number,
): Promise<{ events: PlacedEvent[]; isLast: boolean }> {
  for (let limit = EVENTS_AT_A_TIME; ; limit *= 2) {
    const { rows } = await sql<EventRow>`
      select events.height, position, tx_hash, ordinal, name, payload, time
      from events join blocks on blocks.height = events.height
      where events.height > ${after} and events.height <= ${upTo}
      order by events.height, position limit ${limit}`.execute(tx);
    const events = rows.map(toPlacedEvent);
    const isLast = rows.length < limit;
    if (isLast || events[0]?.height !== events.at(-1)?.height) return { events, isLast };
  }
}

export type EventRow = {
  height: number;
  position: number;
  txHash: TxHash;
  ordinal: number;
  name: string;
  payload: Record<string, unknown>;
  time: Date;
};

/** The database keeps JSON in an order of its own: the text is made anew. */
export function toPlacedEvent({ name, payload, ...place }: EventRow): PlacedEvent {
  const event = eventFromPayload(name, payload);
  return { ...place, event, payload: payloadOf(event) };
}
