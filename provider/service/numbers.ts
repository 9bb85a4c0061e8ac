import type { Address } from '../../protocol/types/address.ts';
import type { Store } from './store.ts';

/** Whose a number of the PSTN is. */
export function findNumber(store: Store, number: string): Address | null {
  const row = store.prepare('select user from numbers where number = ?').get(number);
  return row ? (row.user as Address) : null;
}

export function putNumber(store: Store, number: string, user: Address): void {
  store
    .prepare('insert into numbers values (?, ?) on conflict (number) do update set user = excluded.user')
    .run(number, user);
}

export function removeNumber(store: Store, number: string): boolean {
  return Number(store.prepare('delete from numbers where number = ?').run(number).changes) > 0;
}

export function listNumbers(store: Store): { number: string; user: Address }[] {
  const rows = store.prepare('select number, user from numbers order by number').all();
  return rows.map(({ number, user }) => ({ number: String(number), user: user as Address }));
}
