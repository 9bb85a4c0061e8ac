import { expect, test } from 'vitest';
import type { ContractEvent } from '../protocol/contract/event.ts';
import type { Address } from '../protocol/types/address.ts';
import { apply, Contradiction, emptyState, escrowOf, type State } from './apply.ts';

const [user, provider] = ['user', 'provider'] as Address[] as [Address, Address];

function applied(...events: ContractEvent[]): State {
  const state = emptyState();
  events.forEach((event, position) => {
    apply(state, { height: 1, position, txHash: '0x', ordinal: position, time: new Date(0), event, payload: '{}' });
  });
  return state;
}

const deposited: ContractEvent = { name: 'Deposited', account: user, from: user, amount: 100n };
const opened: ContractEvent = {
  name: 'EscrowOpened',
  id: 1n,
  user,
  provider,
  amount: 60n,
  ratePerSecond: 1n,
  feePerCall: 0n,
  increment: 1n,
  maxParallel: 1n,
  openedAt: 0n,
  endsAt: 1_000n,
  claimDeadline: 2_000n,
  voucherKey: null,
};
const settled = (seq: bigint, amount: bigint, spent: bigint): ContractEvent => {
  return { name: 'EscrowSettled', id: 1n, seq, amount, seconds: 1n, calls: 1n, cdrRoot: '0x00', spent };
};

test('money moves from balance to escrow to provider, and the rest goes back', () => {
  const closed: ContractEvent = { name: 'EscrowClosed', id: 1n, refunded: 35n };
  const { balances, escrows, settlements } = applied(
    deposited,
    opened,
    settled(0n, 10n, 10n),
    settled(1n, 15n, 25n),
    closed,
  );
  expect(Object.fromEntries(balances)).toEqual({ user: 75n, provider: 25n });
  expect(escrows.get(1n)).toMatchObject({
    state: 'closed',
    spent: 25n,
    refunded: 35n,
    seq: 2n,
    seconds: 2n,
    calls: 2n,
  });
  expect(settlements.map(({ accepted, amount }) => [accepted, amount])).toEqual([
    [true, 10n],
    [true, 15n],
  ]);
});

test('a rejected claim is kept with its code, also one of an escrow that never was', () => {
  const { settlements } = applied({ name: 'ClaimRejected', escrowId: -1n, seq: -1n, code: 1n });
  expect(settlements).toMatchObject([{ accepted: false, code: 1, provider: null, user: null, escrowId: -1n }]);
});

test.each([
  [1n, 'malformed', null],
  [3n, 'notAuthorised', null],
  [4n, 'staleSequence', provider],
  [9n, 'badVoucher', provider],
])('a claim that was rejected with code %i (%s) stands in the record of %s', (code, _, recorded) => {
  const rejected: ContractEvent = { name: 'ClaimRejected', escrowId: 1n, seq: 0n, code };
  const { settlements } = applied(deposited, opened, rejected);
  expect(settlements).toMatchObject([{ escrowId: 1n, provider: recorded, user: recorded && user }]);
  expect(escrowOf(rejected)).toBe(recorded && 1n);
});

test('a provider that is deployed anew starts without tariff and operator', () => {
  const { providers } = applied(
    { name: 'ProviderDeployed', provider, location: 'a' },
    { name: 'OperatorSet', provider, operator: user },
    { name: 'ProviderUndeployed', provider },
    { name: 'ProviderDeployed', provider, location: 'b' },
  );
  expect(providers.get(provider)).toMatchObject({ location: 'b', operator: null, undeployedAt: null });
});

test.each<[string, ContractEvent[]]>([
  ['a balance below zero', [{ name: 'Withdrawn', account: user, amount: 1n }]],
  ['a claim that was left out', [deposited, opened, settled(1n, 10n, 10n)]],
  ['another sum than was spent', [deposited, opened, settled(0n, 10n, 11n)]],
  ['another refund than the rest', [deposited, opened, { name: 'EscrowClosed', id: 1n, refunded: 59n }]],
  ['an escrow that was not opened', [settled(0n, 1n, 1n)]],
  ['an escrow opened twice', [deposited, opened, opened]],
  ['a provider that was not deployed', [{ name: 'ProviderRelocated', provider, location: 'x' }]],
])('%s contradicts what was before, and stops the index', (_name, events) => {
  expect(() => applied(...events)).toThrow(Contradiction);
});
