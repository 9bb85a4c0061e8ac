/** Notifications that change an escrow's terms or its user's balance: a few of each escrow, however much is claimed. */
export const termsNames = `('EscrowOpened', 'EscrowExtended', 'EscrowClosing', 'EscrowClosed')`;

/** Of notifications, those up to block `given.height`. */
export const untilThen = 'events.height <= given.height';

const time = (field: string) => `'epoch'::timestamptz + (terms.latest->>'${field}')::bigint * interval '1 millisecond'`;

/**
 * Rows as the table `escrows` had them at block `given.height`, of those of now that `condition` chooses. They follow from
 * the notifications up to there; what an escrow is opened with never changes.
 */
export const pastEscrows = (condition: string) => `
  select own.id, own."user", own.provider,
    case when terms.refunded is not null then 'closed' when terms.is_closing then 'closing' else 'open' end as state,
    terms.amount, claims.spent, terms.refunded, own.rate_per_second, own.fee_per_call, own.increment, own.max_parallel,
    own.opened_at, ${time('endsAt')} as ends_at, ${time('claimDeadline')} as claim_deadline, own.voucher_key,
    claims.seq, claims.seconds, claims.calls
  from escrows as own
  cross join lateral (
    select sum((payload->>'amount')::bigint) as amount, max((payload->>'refunded')::bigint) as refunded,
      bool_or(name = 'EscrowClosing') as is_closing,
      (array_agg(payload order by height desc, position desc) filter (where name <> 'EscrowClosed'))[1] as latest
    from events where escrow_id = own.id and name in ${termsNames} and ${untilThen}) as terms
  cross join lateral (
    select count(*) as seq, coalesce(sum(amount), 0) as spent, coalesce(sum(seconds), 0) as seconds,
      coalesce(sum(calls), 0) as calls
    from settlements where escrow_id = own.id and accepted and height <= given.height) as claims
  where ${condition} and terms.amount is not null`;
