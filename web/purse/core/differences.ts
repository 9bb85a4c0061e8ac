import type { Client } from '../../../protocol/api/client.ts';
import { getUser, type User } from '../../../protocol/api/users.ts';
import type { Datoshi } from '../../../protocol/types/datoshi.ts';
import type { Chain } from './chain.ts';
import { type Holdings, leftOf, readHoldings } from './holdings.ts';

/**
 * A service is asked for what it is quick at, and never believed about money: what it tells of an account is held
 * against the chain.
 */
export type Difference =
  | { what: 'balance'; told: Datoshi; chain: Datoshi }
  | { what: 'escrow'; id: bigint; told: Datoshi; chain: Datoshi }
  | { what: 'escrows'; told: string[]; chain: string[] }
  | { what: 'registrations'; told: string[]; chain: string[] };

/** The service's list holds no more escrows than this. */
const MAX_TOLD = 100;

function differencesOf(user: User, holdings: Holdings): Difference[] {
  const differences: Difference[] = [];
  const told = BigInt(user.balance) as Datoshi;
  if (told !== holdings.balance) differences.push({ what: 'balance', told, chain: holdings.balance });
  const lists = [
    ['registrations', user.registrations.map(nameOf), holdings.registrations.map(nameOf)],
    ['escrows', user.escrows.map(idOf), holdings.escrows.slice(0, MAX_TOLD).map(idOf)],
  ] as const;
  for (const [what, theirs, ours] of lists)
    if (theirs.join() !== ours.join()) differences.push({ what, told: [...theirs], chain: [...ours] });
  for (const escrow of holdings.escrows) {
    const other = user.escrows.find(({ id }) => BigInt(id) === escrow.id);
    const left = other && ((BigInt(other.amount) - BigInt(other.spent)) as Datoshi);
    if (left !== undefined && left !== leftOf(escrow))
      differences.push({ what: 'escrow', id: escrow.id, told: left, chain: leftOf(escrow) });
  }
  return differences;
}

const nameOf = ({ provider, uuid }: { provider: string; uuid: string }) => `${provider} ${uuid}`;
const idOf = ({ id }: { id: number | bigint }) => String(id);

/** A block may come between the two readings: only what differs each time is a difference. */
const TRIES = 3;

/**
 * Asks the service for its view of at least the block that the chain was read at. @throws what the client and the chain
 * throw
 */
export async function checkService(chain: Chain, client: (minHeight: number) => Client, address: Holdings['address']) {
  for (let tries = 1; ; tries += 1) {
    const before = await readHoldings(chain, address);
    const user = await client(before.height).call(getUser, { params: { address } });
    const differences = differencesOf(user, before);
    if (differences.length === 0 || tries === TRIES) return differences;
  }
}
