import { type RawBuilder, sql } from 'kysely';

/**
 * `due (escrow_id)` for `with recursive`: the escrows with calls to claim. It goes from one to the next by the index of
 * what can be claimed, so that it costs one look-up an escrow, whatever the number of their calls and of all escrows.
 */
export const withDue: RawBuilder<unknown> = sql`due (escrow_id) as (
    (select escrow_id from ratings where state = 'rated' and price > 0 order by escrow_id limit 1)
    union all
    select (select ratings.escrow_id from ratings
      where state = 'rated' and price > 0 and ratings.escrow_id > due.escrow_id order by ratings.escrow_id limit 1)
    from due where due.escrow_id is not null)`;
