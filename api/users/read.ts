import type { Database } from '../../database/connection.ts';
import type { User } from '../../protocol/api/users.ts';
import type { Address } from '../../protocol/types/address.ts';
import { findEscrows } from '../escrows/read.ts';

/** Whoever has more finds them all in the list of escrows. */
const MAX_OPEN_ESCROWS = 100;

/** Every address is a user, if one with nothing. */
export async function readUser(db: Database, address: Address): Promise<User> {
  const balance = await db.selectFrom('balances').select('balance').where('account', '=', address).executeTakeFirst();
  const registrations = await readRegistrations(db, address);
  const states = ['open', 'closing'] as const;
  const escrows = await findEscrows(db, { user: address, states }, { limit: MAX_OPEN_ESCROWS });
  return { address, balance: (balance?.balance ?? 0n).toString(), registrations, escrows };
}

/** Newest first; the contract keeps at most 8. */
export async function readRegistrations(db: Database, user: Address): Promise<User['registrations']> {
  const rows = await db
    .selectFrom('registrations')
    .leftJoin('providers', (join) =>
      join.onRef('providers.provider', '=', 'registrations.provider').on('undeployedAt', 'is', null),
    )
    .select(['registrations.provider', 'uuid', 'location', 'registeredAt'])
    .where('user', '=', user)
    .orderBy('height', 'desc')
    .orderBy('position', 'desc')
    .execute();
  return rows.map((row) => ({ ...row, registeredAt: row.registeredAt.toISOString() }));
}
