import { computed, signal } from '@preact/signals';
import type { Address } from '../../../protocol/types/address.ts';
import type { SipAnswer, SipMessage } from '../telephone/sip.ts';
import type { Store } from '../telephone/store.ts';
import { conversations, deliveryOf, type Message } from './conversation.ts';

/** All messages of this installation. */
const messages = signal<readonly Message[]>([]);
export const threads = computed(() => conversations(messages.value));
export const unread = computed(() => threads.value.reduce((sum, thread) => sum + thread.unread, 0));

let store: Store | null = null;

export async function openMessages(opened: Store): Promise<void> {
  store = opened;
  const all = await opened.all<Message>('messages');
  // what a page did not live to see delivered was not
  messages.value = all.map((each) => (each.delivery === 'sending' ? { ...each, delivery: 'failed' } : each));
}

async function keep(message: Message): Promise<void> {
  messages.value = [...messages.value.filter(({ id }) => id !== message.id), message];
  await store?.put('messages', message.id, message);
}

type Send = (to: string, text: string) => Promise<SipAnswer | null>;

/** `again`: the one that was not delivered. */
export async function sendMessage(send: Send, provider: Address, peer: string, text: string, again?: Message) {
  const id = again?.id ?? crypto.randomUUID();
  const message: Message = {
    id,
    peer,
    provider,
    direction: 'out',
    text,
    at: Date.now(),
    delivery: 'sending',
    isRead: true,
  };
  await keep(message);
  const answer = await send(peer, text);
  await keep({ ...message, delivery: deliveryOf(answer?.status ?? null) });
}

/** Whatever it says that it is, it is shown as text. */
export async function receiveMessage(provider: Address, { from, text }: SipMessage): Promise<void> {
  await keep({
    id: crypto.randomUUID(),
    peer: from,
    provider,
    direction: 'in',
    text,
    at: Date.now(),
    delivery: 'delivered',
    isRead: false,
  });
}

export async function readThread(peer: string): Promise<void> {
  for (const message of messages.value)
    if (message.peer === peer && message.direction === 'in' && !message.isRead)
      await keep({ ...message, isRead: true });
}
