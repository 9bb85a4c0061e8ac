import { PASSPORT_LIFE_S } from '../../protocol/sign/passport.ts';
import { inTransaction, type Store } from './store.ts';

/**
 * Whether it was not said before. Each Identity is taken once, for as long as it would be believed: a service that is
 * started anew in between remembers it, too.
 */
export function isFirstTime(store: Store, said: string, now: Date): boolean {
  return inTransaction(store, () => {
    store.prepare('delete from identities where until <= ?').run(now.getTime());
    const until = now.getTime() + 2 * PASSPORT_LIFE_S * 1000;
    return Number(store.prepare('insert or ignore into identities values (?, ?)').run(said, until).changes) > 0;
  });
}
