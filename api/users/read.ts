import type { User } from '../../protocol/api/users.ts';
import type { Address } from '../../protocol/types/address.ts';
import { openEscrowsJson, pastOpenEscrowsJson, presentEscrow, type StoredEscrow } from '../escrows/read.ts';
import { askByKey, askPast, instant } from '../http/state.ts';
import { pastBalance, pastRegistrations } from './past.ts';

/** Whoever has more finds them all in the list of escrows. */
const MAX_OPEN_ESCROWS = 100;

type Registration = User['registrations'][number];
export type StoredUser = { balance: string; registrations: Registration[]; escrows: StoredEscrow[] };

/** The contract keeps at most 8 of a user. */
const registrations = `
  select provider, uuid, registered_at, height, position,
    (select location from providers where providers.provider = registrations.provider and undeployed_at is null)
      as location
  from registrations where "user" = given.key`;

/** Of queries for each part. */
const userJson = ({ balance, registrations, escrows }: Record<'balance' | 'registrations' | 'escrows', string>) => `
  select json_build_object(
    'balance', coalesce((${balance}), 0)::text,
    'registrations', (
      select coalesce(json_agg(json_build_object('provider', provider, 'uuid', uuid, 'location', location,
        'registeredAt', registered_at) order by height desc, position desc), '[]')
      from (${registrations}) as own),
    'escrows', (${escrows}))`;

/** Every address is a user, if one with nothing. */
export const askUser = askByKey<Address, StoredUser>(
  'read_user',
  'text',
  userJson({
    balance: 'select balance from balances where account = given.key',
    registrations,
    escrows: openEscrowsJson(MAX_OPEN_ESCROWS),
  }),
);

export const askPastUser = askPast<Address, StoredUser>(
  'read_past_user',
  'text',
  userJson({
    balance: pastBalance,
    registrations: pastRegistrations,
    escrows: pastOpenEscrowsJson(MAX_OPEN_ESCROWS),
  }),
);

/** Null: never registered. */
export const askNewestRegistration = askByKey<Address, Omit<Registration, 'registeredAt'> | null>(
  'read_newest_registration',
  'text',
  `select json_build_object('provider', provider, 'uuid', uuid, 'location', location)
  from (${registrations}) as own order by height desc, position desc limit 1`,
);

export const presentUser = (address: Address, { balance, registrations, escrows }: StoredUser): User => ({
  address,
  balance,
  registrations: registrations.map((each) => ({ ...each, registeredAt: instant(each.registeredAt) })),
  escrows: escrows.map(presentEscrow),
});
