import type { Address } from '../../../protocol/types/address.ts';
import { type Datoshi, datoshi } from '../../../protocol/types/datoshi.ts';
import type { DeviceSigner } from '../../purse/core/device-key.ts';
import { type Escrow, leftOf } from '../../purse/core/holdings.ts';
import type { Entry } from '../../purse/core/journal.ts';
import { isRefusal, type Refusal } from '../../purse/core/refusal.ts';
import { isOpen } from '../../purse/core/take-back.ts';
import { addedToday, isWithinLimit, type Offer, offerOf } from '../../purse/core/top-up.ts';
import { account } from '../../wallet/account.ts';
import type { Current } from './current.ts';

/** What the telephone asks the purse. */

export type ReadyEscrow = { escrow: Escrow; voucherSigner: DeviceSigner };

/** Open escrows with this provider whose vouchers this device can sign, the one with the most left first. */
export async function readyEscrows({ purse, keys }: Current, provider: Address, now: Date): Promise<ReadyEscrow[]> {
  const open = (purse.holdings.value?.escrows ?? []).filter(
    (escrow) => escrow.provider === provider && isOpen(escrow, now),
  );
  const signers = await Promise.all(
    open.map(async (escrow) => {
      const voucherSigner = escrow.voucherKey && (await keys.find(escrow.voucherKey));
      return voucherSigner ? [{ escrow, voucherSigner }] : [];
    }),
  );
  return signers.flat().toSorted((a, b) => (leftOf(a.escrow) < leftOf(b.escrow) ? 1 : -1));
}

export type EscrowWish = {
  provider: Address;
  amount: Datoshi;
  ratePerSecond: Datoshi;
  feePerCall: Datoshi;
  increment: number;
  durationMs: number;
};

/** Calls at the same time: a second one beside the first, and one that waits. */
const MAX_PARALLEL = 3;
/** Long enough for a provider that claims once a day. */
const CLAIM_WINDOW_MS = 2 * 86_400_000;

/** Opens one with a voucher key of this device's own; what the contract's balance lacks is deposited with it. */
export async function openEscrow({ purse, keys }: Current, wish: EscrowWish): Promise<Entry | Refusal> {
  const { signer } = await keys.create();
  const balance = purse.holdings.value?.balance ?? 0n;
  return purse.act({
    kind: 'openEscrow',
    ...wish,
    maxParallel: MAX_PARALLEL,
    claimWindowMs: CLAIM_WINDOW_MS,
    voucherKey: signer.publicKey,
    deposit: datoshi(wish.amount > balance ? wish.amount - balance : 0n),
  });
}

/** Which escrow a transaction has opened; null where it has opened none. */
export function openedBy(outcome: Entry | Refusal): bigint | null {
  if (isRefusal(outcome) || outcome.state.kind !== 'done') return null;
  return outcome.state.events.find((event) => event.name === 'EscrowOpened')?.id ?? null;
}

/** A call as it stands: what its vouchers have promised in all, and what a second of it costs. */
export type RunningCall = { escrowId: bigint; promised: Datoshi; ratePerSecond: Datoshi };

/** What to offer before money or time end; null: there is enough, or nothing to add. */
export function offerFor({ purse }: Current, { escrowId, ...call }: RunningCall, now: Date): Offer | null {
  const holdings = purse.holdings.value;
  const escrow = holdings?.escrows.find(({ id }) => id === escrowId);
  return holdings && escrow ? offerOf({ escrow, ...call, now }, holdings.balance) : null;
}

/** Asks its person, and adds what was offered. */
export const takeOffer = ({ purse }: Current, escrowId: bigint, offer: Offer): Promise<Entry | Refusal> =>
  purse.act(actionOf(escrowId, offer));

const actionOf = (id: bigint, { amount, durationMs }: Offer) => ({ kind: 'extend', id, amount, durationMs }) as const;

/** One at a time: what is under way is not yet in the escrow, and would be added twice. */
const busy = new Set<bigint>();

/**
 * Adds what is needed without a question, where the user has set a limit and it reaches so far. Null: it does not, or
 * the wallet is locked, or one is under way; then the person is asked.
 */
export async function topUp(current: Current, call: RunningCall, now: Date): Promise<Entry | Refusal | null> {
  const offer = offerFor(current, call, now);
  if (!offer || busy.has(call.escrowId) || account.peek().kind !== 'unlocked') return null;
  const limit = await limitOf(current, call.escrowId);
  const added = addedToday(current.purse.entries.value, now);
  if (!isWithinLimit(offer, limit, added) || busy.has(call.escrowId)) return null;
  busy.add(call.escrowId);
  try {
    return await current.purse.act(actionOf(call.escrowId, offer), { automatic: true });
  } finally {
    busy.delete(call.escrowId);
  }
}

/** The limit for a day that the user set for this escrow; null: none, everything is asked. */
export async function limitOf({ store, purse }: Current, escrowId: bigint): Promise<Datoshi | null> {
  const kept = await store.get('topUps', topUpId(purse.chain, escrowId));
  return kept ? datoshi(kept.limitPerDay) : null;
}

export async function setLimit({ store, purse }: Current, escrowId: bigint, limit: Datoshi | null): Promise<void> {
  const id = topUpId(purse.chain, escrowId);
  if (limit === null) await store.remove('topUps', id);
  else await store.put('topUps', { id, limitPerDay: limit });
}

const topUpId = ({ network, contract }: Current['purse']['chain'], id: bigint) => `${network} ${contract} ${id}`;
