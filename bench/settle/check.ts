import { sql } from 'kysely';
import { createReader } from '../../chain/read.ts';
import type { Engine } from './engine.ts';
import type { Account } from './hand-in.ts';
import { inParallel } from './people.ts';

/**
 * What was paid is what our own books say, by Postgres and by the chain: each call once, none lost. @throws where not
 */
export async function checkMoney({ db, rpc, contract }: Engine, accounts: readonly Account[]): Promise<void> {
  const total = (field: 'calls' | 'seconds' | 'price') => accounts.reduce((sum, account) => sum + account[field], 0n);
  const [calls, seconds, price] = [total('calls'), total('seconds'), total('price')];
  const { rows } = await sql<Record<string, bigint>>`
    select (select count(*) from cdrs) as cdrs,
      count(*) as ratings,
      count(*) filter (where state = 'settled' and amount = price) as paid,
      sum(price)::bigint as price,
      sum(amount)::bigint as amount,
      (select count(*) from cdr_states where state = 'settled') as times_paid,
      (select sum(amount)::bigint from claims where state = 'accepted') as claimed,
      (select sum(calls)::bigint from claims where state = 'accepted') as claimed_calls
    from ratings`.execute(db);
  const ids = accounts.map(({ escrowId }) => escrowId);
  const told = await sql<Record<string, bigint>>`
    select sum(amount)::bigint as settled, sum(calls)::bigint as settled_calls from settlements
    where accepted and escrow_id = any(${ids})`.execute(db);
  const found = { ...rows[0], ...told.rows[0] };
  const expected: Record<string, bigint> = {
    ...{ cdrs: calls, ratings: calls, paid: calls, timesPaid: calls, claimedCalls: calls, settledCalls: calls },
    ...{ price, amount: price, claimed: price, settled: price },
  };
  const wrong = Object.entries(expected).flatMap(([name, value]) =>
    found[name] === value ? [] : `${name} is ${found[name]} instead of ${value}`,
  );
  const reader = createReader(rpc, contract);
  const spent = { calls: 0n, seconds: 0n, price: 0n };
  await inParallel(accounts, async ({ escrowId, ...own }) => {
    const escrow = await reader.escrow(escrowId);
    if (!escrow) throw new Error(`escrow ${escrowId} is gone`);
    spent.calls += escrow.calls;
    spent.seconds += escrow.seconds;
    spent.price += escrow.spent;
    if (escrow.calls !== own.calls || escrow.seconds !== own.seconds || escrow.spent !== own.price)
      wrong.push(
        `escrow ${escrowId} has ${escrow.spent} spent on ${escrow.calls} calls, not ${own.price} on ${own.calls}`,
      );
  });
  const balances = new Map(accounts.map(({ provider }) => [provider.address, 0n]));
  for (const { provider, price: own } of accounts)
    balances.set(provider.address, (balances.get(provider.address) ?? 0n) + own);
  for (const [provider, owed] of balances) {
    const balance = await reader.balanceOf(provider);
    if (balance !== owed) wrong.push(`provider ${provider} has ${balance} on the chain instead of ${owed}`);
  }
  if (spent.calls !== calls || spent.seconds !== seconds || spent.price !== price)
    wrong.push(`the chain has ${spent.price} datoshi for ${spent.calls} calls of ${spent.seconds} s`);
  if (wrong.length > 0) throw new Error(`the money is wrong: ${wrong.slice(0, 10).join('; ')}`);
}
