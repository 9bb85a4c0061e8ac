import type { Address } from '../../../protocol/types/address.ts';

/** Messages with one person, and what became of each. */

export type Delivery =
  /** On its way, or waiting for a line. */
  | 'sending'
  /** The other side's phone has it. */
  | 'delivered'
  /** The provider keeps it until they are there. */
  | 'kept'
  /** They are not there now. */
  | 'away'
  | 'failed';

export type Message = {
  id: string;
  /** Their address or number. */
  peer: string;
  provider: Address;
  direction: 'out' | 'in';
  text: string;
  at: number;
  delivery: Delivery;
  isRead: boolean;
};

/** 64 KiB with all headers: so much is left for the text, in bytes. */
const MAX_TEXT_BYTES = 60_000;

export const isTooLong = (text: string): boolean => new TextEncoder().encode(text).length > MAX_TEXT_BYTES;

/** What the final answer to a MESSAGE says; null: there was none. */
export function deliveryOf(status: number | null): Delivery {
  if (status === null) return 'failed';
  if (status === 202) return 'kept';
  if (status < 300) return 'delivered';
  return status === 480 || status === 404 ? 'away' : 'failed';
}

export type Conversation = { peer: string; messages: Message[]; unread: number; last: Message };

/** The newest first. */
export function conversations(messages: readonly Message[]): Conversation[] {
  const byPeer = Map.groupBy(messages, ({ peer }) => peer);
  const all = [...byPeer].flatMap(([peer, of]): Conversation[] => {
    const sorted = of.toSorted((a, b) => a.at - b.at);
    const last = sorted.at(-1);
    const unread = sorted.filter(({ direction, isRead }) => direction === 'in' && !isRead).length;
    return last ? [{ peer, messages: sorted, unread, last }] : [];
  });
  return all.toSorted((a, b) => b.last.at - a.last.at);
}
