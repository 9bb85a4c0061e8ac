import { termsNames, untilThen } from '../escrows/past.ts';

/** Of the user `given.key`, as of block `given.height`: what follows from the notifications up to there. */

/** What was paid in and out, what escrows took and gave back, and what was earned as a provider. */
export const pastBalance = `
  select sum(change) from (
    select case name when 'Deposited' then 1 else -1 end * (payload->>'amount')::bigint as change
    from events where name in ('Deposited', 'Withdrawn') and payload->>'account' = given.key and ${untilThen}
    union all
    select coalesce((payload->>'refunded')::bigint, -(payload->>'amount')::bigint)
    from escrows join events on escrow_id = escrows.id
    where escrows."user" = given.key and name in ${termsNames} and ${untilThen}
    union all
    select amount from settlements where provider = given.key and height <= given.height) as changes`;

const locationOf = (provider: string) => `
  select payload->>'location' from events
  where name in ('ProviderDeployed', 'ProviderRelocated', 'ProviderUndeployed') and payload->>'provider' = ${provider}
    and ${untilThen}
  order by height desc, position desc limit 1`;

export const pastRegistrations = `
  select provider, uuid, height, position, (${locationOf('latest.provider')}) as location,
    (select time from blocks where blocks.height = latest.height) as registered_at
  from (
    select distinct on (payload->>'provider') name, payload->>'provider' as provider, payload->>'uuid' as uuid, height,
      position
    from events where name in ('UserRegistered', 'UserUnregistered') and payload->>'user' = given.key and ${untilThen}
    order by payload->>'provider', height desc, position desc) as latest
  where name = 'UserRegistered'`;
