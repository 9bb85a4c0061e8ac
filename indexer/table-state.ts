import { sql } from 'kysely';
import type { Tx } from '../database/connection.ts';
import type { Escrow, Provider, Registration } from './apply.ts';
import { rowsOf } from './digest-tables.ts';
import { type Comparable, escrowText, keyOf, providerText, registrationText } from './storage-state.ts';

const ms = (time: Date): bigint => BigInt(time.getTime());

/** What the tables of a schema say, in the words of `storage-state.ts`, and what they sum up to. */
export async function stateOfTables(tx: Tx, schema: string): Promise<Comparable> {
  const state: Comparable = new Map();
  for await (const row of rowsOf<Provider>(tx, `select * from ${schema}.providers where undeployed_at is null`))
    state.set(keyOf.provider(row.provider), providerText({ ...row, deployedAt: ms(row.deployedAt) }));
  const registrations = rowsOf<Registration & { place: bigint }>(
    tx,
    `select *, row_number() over (partition by "user" order by height desc, position desc) - 1 as place
    from ${schema}.registrations`,
  );
  for await (const { user, provider, uuid, registeredAt, place } of registrations)
    state.set(keyOf.registration(user, provider), registrationText(uuid ?? '', ms(registeredAt), Number(place)));
  const balances = rowsOf<{ account: Provider['provider']; balance: bigint }>(
    tx,
    `select * from ${schema}.balances where balance > 0`,
  );
  for await (const { account, balance } of balances) state.set(keyOf.balance(account), String(balance));
  for await (const row of rowsOf<Escrow>(tx, `select * from ${schema}.escrows where state <> 'closed'`))
    state.set(
      keyOf.escrow(row.id),
      escrowText({
        ...row,
        isClosing: row.state === 'closing',
        increment: BigInt(row.increment),
        maxParallel: BigInt(row.maxParallel),
        openedAt: ms(row.openedAt),
        endsAt: ms(row.endsAt),
        claimDeadline: ms(row.claimDeadline),
      }),
    );
  return state;
}

/** What the contract owes: free balances, and what is left in open escrows. */
export async function owed(tx: Tx, schema: string): Promise<{ balances: bigint; reserved: bigint }> {
  const { rows } = await sql<{ balances: bigint; reserved: bigint }>`
    select
      (select coalesce(sum(balance), 0)::bigint from ${sql.table(`${schema}.balances`)}) as balances,
      (select coalesce(sum(amount - spent), 0)::bigint from ${sql.table(`${schema}.escrows`)}
        where state <> 'closed') as reserved`.execute(tx);
  const [sums] = rows;
  if (!sums) throw new Error('a sum has one row');
  return sums;
}
