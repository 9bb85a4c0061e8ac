import type { Address } from '../../protocol/types/address.ts';
import type { Kamailio } from './kamailio.ts';
import type { Store } from './store.ts';

/** Users whose registration has ended on chain, until Kamailio has forgotten their phones, whatever is killed meanwhile. */
export type Unbinding = {
  add(user: Address): void;
  users(): Address[];
  /** Whoever registers anew comes after it. @throws KamailioUnavailable */
  end(user: Address): Promise<void>;
};

export function createUnbinding(store: Store, kamailio: Pick<Kamailio, 'unbind'>): Unbinding {
  const underWay = new Map<Address, Promise<void>>();

  const lastOf = (user: Address) =>
    store.prepare('select max(rowid) as last from unbinding where user = ?').get(user)?.last ?? null;

  async function forget(user: Address): Promise<void> {
    const last = lastOf(user);
    await kamailio.unbind(user);
    store.prepare('delete from unbinding where user = ? and rowid <= ?').run(user, last); // it may have ended again
  }

  return {
    add: (user) => void store.prepare('insert into unbinding values (?)').run(user),
    users: () => {
      const rows = store.prepare('select distinct user from unbinding').all();
      return rows.map(({ user }) => user as Address);
    },
    end: async (user) => {
      while (lastOf(user) !== null) {
        const forgetting = underWay.get(user) ?? forget(user).finally(() => underWay.delete(user));
        underWay.set(user, forgetting);
        await forgetting;
      }
    },
  };
}
