import type { Receipt } from '../chain/send.ts';
import type { EventName, EventOf } from '../protocol/contract/event.ts';
import { Refusal } from './refusal.ts';

/** The one notification that a call makes. */
export function eventOf<N extends EventName>({ events, txHash }: Receipt, name: N): EventOf<N> {
  const event = events.find((candidate) => candidate.name === name);
  if (!event) throw new Refusal(`transaction ${txHash} took place, but without ${name}: check --contract`);
  return event as EventOf<N>;
}
