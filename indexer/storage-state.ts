import type { StorageEntry } from '../chain/storage.ts';
import { signedOf } from '../protocol/contract/serialized.ts';
import {
  balanceOfBytes,
  countersOfBytes,
  providerOfBytes,
  registrationsOfBytes,
  type StoredCounters,
  type StoredTerms,
  termsOfBytes,
} from '../protocol/contract/storage-value.ts';
import { type Address, addressOfBytes } from '../protocol/types/address.ts';

/**
 * What is compared of the index and the contract: a text for each provider, registration, balance and open escrow, by
 * its name. Both sides write it in the same way.
 */
export type Comparable = Map<string, string>;

export const keyOf = {
  provider: (provider: Address) => `provider ${provider}`,
  registration: (user: Address, provider: Address) => `registration of ${user} with ${provider}`,
  balance: (account: Address) => `balance of ${account}`,
  escrow: (id: bigint) => `escrow ${id}`,
};

type ProviderFacts = {
  location: string;
  tariffUri: string | null;
  tariffHash: string | null;
  operator: Address | null;
  deployedAt: bigint;
};
export const providerText = ({ location, tariffUri, tariffHash, operator, deployedAt }: ProviderFacts): string =>
  `location ${JSON.stringify(location)}, tariff ${JSON.stringify(tariffUri)} ${tariffHash}, ` +
  `operator ${operator}, deployed at ${deployedAt}`;

/** `place`: 0 is the user's newest one, the one that counts. */
export const registrationText = (uuid: string, registeredAt: bigint, place: number): string =>
  `${uuid} since ${registeredAt}, number ${place}`;

type EscrowFacts = Omit<StoredTerms, 'providerNumber' | 'claimWindowMs'> &
  StoredCounters & { provider: Address | null; claimDeadline: bigint };
export function escrowText(escrow: EscrowFacts): string {
  const { user, provider, amount, spent, seq, seconds, calls } = escrow;
  const { ratePerSecond, feePerCall, increment, maxParallel, voucherKey } = escrow;
  const { isClosing, openedAt, endsAt, claimDeadline } = escrow;
  return (
    `${user} with ${provider}, ${isClosing ? 'closing' : 'open'}, amount ${amount}, spent ${spent}, seq ${seq}, ` +
    `seconds ${seconds}, calls ${calls}, rate ${ratePerSecond}, fee ${feePerCall}, increment ${increment}, ` +
    `parallel ${maxParallel}, voucher key ${voucherKey}, ${openedAt} to ${endsAt}, claims until ${claimDeadline}`
  );
}

/** What may be told of an entry that is not laid out as it should be. */
const BROKEN = 'an entry that can not be read';

/** What the contract's storage says. What is laid out in another way than agreed is told as such, under its key. */
export function stateOfStorage(entries: readonly StorageEntry[]): Comparable {
  const state: Comparable = new Map();
  const byPrefix = Map.groupBy(entries, ({ key }) => String.fromCharCode(key[0] ?? 0));
  const of = (prefix: string) =>
    (byPrefix.get(prefix) ?? []).map(({ key, value }) => ({ key: key.subarray(1), value }));
  const operators = new Map(of('o').map(({ key, value }) => [addressOfBytes(key), addressOfBytes(value)]));
  const numbers = new Map(of('n').map(({ key, value }) => [signedOf(key), addressOfBytes(value)]));
  for (const { key, value } of of('p')) {
    const provider = addressOfBytes(key);
    const operator = operators.get(provider) ?? null;
    state.set(
      keyOf.provider(provider),
      readable(() => providerText({ ...providerOfBytes(value), operator })),
    );
  }
  for (const provider of operators.keys())
    if (!state.has(keyOf.provider(provider))) state.set(keyOf.provider(provider), 'an operator, and no provider');
  for (const { key, value } of of('r')) {
    registrationsOfBytes(value).forEach(({ provider, uuid, registeredAt }, place) => {
      state.set(keyOf.registration(addressOfBytes(key), provider), registrationText(uuid, registeredAt, place));
    });
  }
  for (const { key, value } of of('b')) state.set(keyOf.balance(addressOfBytes(key)), String(balanceOfBytes(value)));
  const counters = new Map(of('c').map(({ key, value }) => [signedOf(key.subarray(20)), { key, value }]));
  for (const { key, value } of of('e')) {
    const id = signedOf(key);
    const counted = counters.get(id);
    counters.delete(id);
    state.set(
      keyOf.escrow(id),
      readable(() => {
        const { providerNumber, claimWindowMs, ...terms } = termsOfBytes(value);
        if (!counted || addressOfBytes(counted.key.subarray(0, 20)) !== terms.user) return 'terms without counters';
        const claimDeadline = terms.endsAt + claimWindowMs;
        const provider = numbers.get(providerNumber) ?? null;
        return escrowText({ ...terms, ...countersOfBytes(counted.value), provider, claimDeadline });
      }),
    );
  }
  for (const id of counters.keys()) state.set(keyOf.escrow(id), 'counters without terms');
  return state;
}

function readable(read: () => string): string {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return `${BROKEN}: ${error.message}`;
    throw error;
  }
}
