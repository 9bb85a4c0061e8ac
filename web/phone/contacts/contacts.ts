import { signal } from '@preact/signals';
import type { Store } from '../telephone/store.ts';
import { type Contact, MAX_CONTACTS, readVcards } from './vcard.ts';

/** The people that this installation knows, by name. */
export const contacts = signal<readonly Contact[]>([]);

let store: Store | null = null;
const sorted = (all: readonly Contact[]) => all.toSorted((a, b) => a.name.localeCompare(b.name));

export async function openContacts(opened: Store): Promise<void> {
  store = opened;
  contacts.value = sorted(await opened.all<Contact>('contacts'));
}

export async function saveContact(contact: Contact): Promise<void> {
  await store?.put('contacts', contact.id, contact);
  contacts.value = sorted([...contacts.value.filter(({ id }) => id !== contact.id), contact]);
}

export async function removeContact(id: string): Promise<void> {
  await store?.delete('contacts', id);
  contacts.value = contacts.value.filter((contact) => contact.id !== id);
}

/** Somebody who is there already, by name and the same ways to reach them, is not taken twice. */
export async function importContacts(text: string): Promise<{ count: number; unusable: number }> {
  const { contacts: read, unusable } = readVcards(text);
  const keyOf = ({ name, reach }: Pick<Contact, 'name' | 'reach'>) => JSON.stringify([name, reach.toSorted()]);
  const known = new Set(contacts.value.map(keyOf));
  let count = 0;
  for (const each of read) {
    if (known.has(keyOf(each)) || contacts.value.length >= MAX_CONTACTS) continue;
    known.add(keyOf(each));
    await saveContact({ ...each, id: crypto.randomUUID() });
    count += 1;
  }
  return { count, unusable };
}

/** What a person is called; null: nobody whom we know. */
const nameOf = (reach: string): string | null =>
  contacts.value.find((contact) => contact.reach.includes(reach))?.name ?? null;

/** The name that is shown: ours for them, else an address in short, else what they are reached by. */
export const shown = (reach: string): string =>
  nameOf(reach) ?? (/^N\w{33}$/.test(reach) ? `${reach.slice(0, 6)}…${reach.slice(-5)}` : reach);
