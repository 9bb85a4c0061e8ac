import { claimCode } from '../protocol/contract/claim.ts';
import { type ContractEvent, type EventOf, escrowIdOf } from '../protocol/contract/event.ts';
import type { Address } from '../protocol/types/address.ts';
import type { PublicKey } from '../protocol/types/public-key.ts';

/** A notification in its place on the chain. */
export type PlacedEvent = {
  height: number;
  position: number;
  txHash: string;
  ordinal: number;
  time: Date;
  event: ContractEvent;
  /** Its fields as JSON, as they are stored. */
  payload: string;
};

export type Provider = {
  provider: Address;
  location: string;
  tariffUri: string | null;
  tariffHash: string | null;
  operator: Address | null;
  deployedAt: Date;
  undeployedAt: Date | null;
};
/** Without a uuid: no longer registered. */
export type Registration = {
  user: Address;
  provider: Address;
  uuid: string | null;
  registeredAt: Date;
  height: number;
  position: number;
};
export type Escrow = {
  id: bigint;
  user: Address;
  provider: Address;
  state: 'open' | 'closing' | 'closed';
  amount: bigint;
  spent: bigint;
  refunded: bigint | null;
  ratePerSecond: bigint;
  feePerCall: bigint;
  increment: number;
  maxParallel: number;
  openedAt: Date;
  endsAt: Date;
  claimDeadline: Date;
  voucherKey: PublicKey | null;
  seq: bigint;
  seconds: bigint;
  calls: bigint;
};
export type Settlement = {
  height: number;
  position: number;
  txHash: string;
  time: Date;
  escrowId: bigint;
  seq: bigint;
  provider: Address | null;
  user: Address | null;
  accepted: boolean;
  code: number | null;
  amount: bigint | null;
  seconds: bigint | null;
  calls: bigint | null;
  cdrRoot: string | null;
};

/** As much of the contract's state as some notifications touch. */
export type State = {
  providers: Map<Address, Provider>;
  registrations: Map<string, Registration>;
  balances: Map<Address, bigint>;
  escrows: Map<bigint, Escrow>;
  settlements: Settlement[];
  /** Accounts that got something, or had it taken: each has a row from then on, also where nothing is left. */
  credited: Set<Address>;
};

/** The notifications contradict what was derived from earlier ones: the index must not go on. */
export class Contradiction extends Error {
  override name = 'Contradiction';
}

export const emptyState = (): State => ({
  providers: new Map(),
  registrations: new Map(),
  balances: new Map(),
  escrows: new Map(),
  settlements: [],
  credited: new Set(),
});

/**
 * The contract's state after one more notification. All state follows from notifications alone, in their order.
 * Changes `state` in place. @throws Contradiction
 */
export function apply(state: State, placed: PlacedEvent): void {
  const { event, time } = placed;
  switch (event.name) {
    case 'ProviderDeployed':
      state.providers.set(event.provider, {
        provider: event.provider,
        location: event.location,
        deployedAt: time,
        tariffUri: null,
        tariffHash: null,
        operator: null,
        undeployedAt: null,
      });
      return;
    case 'ProviderRelocated':
      provider(state, event.provider).location = event.location;
      return;
    case 'TariffSet':
      Object.assign(provider(state, event.provider), { tariffUri: event.uri, tariffHash: event.hash });
      return;
    case 'OperatorSet':
      provider(state, event.provider).operator = event.operator;
      return;
    case 'ProviderUndeployed':
      provider(state, event.provider).undeployedAt = time;
      return;
    case 'UserRegistered':
      register(state, placed, event.user, event.provider, event.uuid);
      return;
    case 'UserUnregistered':
      register(state, placed, event.user, event.provider, null);
      return;
    case 'Deposited':
      credit(state, event.account, event.amount);
      return;
    case 'Withdrawn':
      credit(state, event.account, -event.amount);
      return;
    case 'EscrowOpened':
      openEscrow(state, event);
      return;
    case 'EscrowExtended':
      extendEscrow(state, event);
      return;
    case 'EscrowSettled':
      settleClaim(state, placed, event);
      return;
    case 'ClaimRejected':
      rejectClaim(state, placed, event);
      return;
    case 'EscrowClosing':
      Object.assign(escrow(state, event.id), { state: 'closing', ...deadlines(event) });
      return;
    case 'EscrowClosed':
      closeEscrow(state, event);
      return;
    case 'OwnershipTransferred':
    case 'UpdateScheduled':
    case 'UpdateCancelled':
    case 'UpdateApplied':
      return; // kept as events; no money and no registration follows from them
    default:
      throw new Contradiction(`a notification that is not applied: ${JSON.stringify(event satisfies never)}`);
  }
}

function register(
  state: State,
  { height, position, time }: PlacedEvent,
  user: Address,
  provider: Address,
  uuid: string | null,
): void {
  state.registrations.set(`${user}/${provider}`, { user, provider, uuid, registeredAt: time, height, position });
}

function openEscrow(state: State, event: EventOf<'EscrowOpened'>): void {
  if (state.escrows.has(event.id)) throw new Contradiction(`escrow ${event.id} was opened twice`);
  credit(state, event.user, -event.amount);
  const { id, user, provider, amount, ratePerSecond, feePerCall, increment, maxParallel, openedAt, voucherKey } = event;
  state.escrows.set(id, {
    id,
    user,
    provider,
    amount,
    ratePerSecond,
    feePerCall,
    ...deadlines(event),
    increment: Number(increment),
    maxParallel: Number(maxParallel),
    openedAt: new Date(Number(openedAt)),
    voucherKey: voucherKey === null ? null : (voucherKey.slice(2) as PublicKey),
    state: 'open',
    spent: 0n,
    refunded: null,
    seq: 0n,
    seconds: 0n,
    calls: 0n,
  });
}

function extendEscrow(state: State, event: EventOf<'EscrowExtended'>): void {
  const extended = escrow(state, event.id);
  credit(state, extended.user, -event.amount);
  Object.assign(extended, { amount: extended.amount + event.amount, ...deadlines(event) });
}

function settleClaim(
  state: State,
  { height, position, txHash, time }: PlacedEvent,
  event: EventOf<'EscrowSettled'>,
): void {
  const settled = escrow(state, event.id);
  const { seq, amount, seconds, calls, cdrRoot } = event;
  if (settled.seq !== seq || settled.spent + amount !== event.spent) {
    throw new Contradiction(
      `escrow ${event.id}: claim ${seq} does not follow on ${settled.seq} claims and ${settled.spent} datoshi`,
    );
  }
  settled.seq += 1n;
  settled.spent += amount;
  settled.seconds += seconds;
  settled.calls += calls;
  credit(state, settled.provider, amount);
  state.settlements.push({
    height,
    position,
    txHash,
    time,
    escrowId: event.id,
    seq,
    provider: settled.provider,
    user: settled.user,
    accepted: true,
    code: null,
    amount,
    seconds,
    calls,
    cdrRoot,
  });
}

/**
 * A rejected claim may name an escrow that never was. What anybody could have sent, malformed or without authority, is
 * in nobody's record: neither the provider nor the user has anything to do with it.
 */
function rejectClaim(
  state: State,
  { height, position, txHash, time }: PlacedEvent,
  event: EventOf<'ClaimRejected'>,
): void {
  const { provider = null, user = null } = isStrangers(event) ? {} : (state.escrows.get(event.escrowId) ?? {});
  state.settlements.push({
    height,
    position,
    txHash,
    time,
    escrowId: event.escrowId,
    seq: event.seq,
    provider,
    user,
    accepted: false,
    code: Number(event.code),
    amount: null,
    seconds: null,
    calls: null,
    cdrRoot: null,
  });
}

/** Whoever signed: these two checks of the contract come before it knows that provider or operator did. */
const strangersCodes: readonly bigint[] = [BigInt(claimCode.malformed), BigInt(claimCode.notAuthorised)];

const isStrangers = ({ code }: EventOf<'ClaimRejected'>): boolean => strangersCodes.includes(code);

/** The escrow in whose history a notification stands. */
export function escrowOf(event: ContractEvent): bigint | null {
  return event.name === 'ClaimRejected' && isStrangers(event) ? null : escrowIdOf(event);
}

function closeEscrow(state: State, event: EventOf<'EscrowClosed'>): void {
  const closed = escrow(state, event.id);
  if (closed.amount - closed.spent !== event.refunded) {
    throw new Contradiction(`escrow ${event.id} refunds ${event.refunded} of ${closed.amount - closed.spent} datoshi`);
  }
  Object.assign(closed, { state: 'closed', refunded: event.refunded });
  credit(state, closed.user, event.refunded);
}

const deadlines = (event: { endsAt: bigint; claimDeadline: bigint }) => ({
  endsAt: new Date(Number(event.endsAt)),
  claimDeadline: new Date(Number(event.claimDeadline)),
});

function credit(state: State, account: Address, amount: bigint): void {
  const balance = (state.balances.get(account) ?? 0n) + amount;
  if (balance < 0n) throw new Contradiction(`the balance of ${account} would be ${balance}`);
  state.balances.set(account, balance);
  state.credited.add(account);
}

function provider(state: State, address: Address): Provider {
  const found = state.providers.get(address);
  if (!found) throw new Contradiction(`provider ${address} was never deployed`);
  return found;
}

function escrow(state: State, id: bigint): Escrow {
  const found = state.escrows.get(id);
  if (!found || found.state === 'closed') throw new Contradiction(`escrow ${id} is not open`);
  return found;
}
