import { createHash } from 'node:crypto';
import { NodeUnavailable } from '../../chain/errors.ts';
import type { EscrowRecord } from '../../chain/read.ts';
import { type DeckPrice, priceFor } from '../../protocol/call/call-price.ts';
import { callIdSchema } from '../../protocol/call/form.ts';
import { decidePermission, promisesOf } from '../../protocol/call/permission.ts';
import { type Address, addressSchema } from '../../protocol/types/address.ts';
import { type Elsewhere, findElsewhere, refuseIdentity } from './between.ts';
import {
  type Call,
  chargesOnEscrow,
  findCall,
  insertCall,
  noteSpentElsewhere,
  notYet,
  unsettledOf,
  writeCharge,
} from './calls.ts';
import { type Charge, permissionEscrow, priceOfCharge, underWay } from './charge.ts';
import { type Asked, type CallKind, type CallRefusal, isFree, kindOf } from './decide-call.ts';
import type { LimitName } from './decide-limits.ts';
import type { Deps } from './deps.ts';
import { limitCall } from './limits.ts';
import { findNumber } from './numbers.ts';
import { inTransaction } from './store.ts';
import { type GivenVoucher, keepVoucher, voucherTotal } from './vouchers.ts';

export type AskedCall = Asked & {
  sipCallId: string;
  fromTag: string;
  /** Kamailio's own name for the transaction: the same one asked about again is the same call, and no other is. */
  request: string;
  /** Out of which escrow it shall be paid; null: the open one with the most left. */
  escrowId: bigint | null;
  /** Signed with the INVITE: it covers the first interval. */
  voucher: GivenVoucher | null;
};

export type Permit =
  | {
      allowed: true;
      callId: string;
      maxSeconds: number;
      target: CallKind['target'];
      isCharged: boolean;
      /** Where a user is reached who is not here. */
      elsewhere?: Elsewhere | null;
    }
  /** `limit`: which one it is over. */
  | { allowed: false; reason: CallRefusal; limit?: LimitName };

type PermitDeps = Pick<
  Deps,
  | 'store'
  | 'chain'
  | 'reader'
  | 'decks'
  | 'locate'
  | 'policy'
  | 'limits'
  | 'rates'
  | 'log'
  | 'network'
  | 'contract'
  | 'signer'
  | 'metrics'
  | 'now'
>;

/**
 * Whether a call may begin. All that has to be waited for is asked first; then everything is read, decided and written
 * in one step, so that no datoshi is promised twice.
 */
export async function permit(deps: PermitDeps, asked: AskedCall): Promise<Permit> {
  const permitted = await decideAndFind(deps, asked).catch((error): Permit => {
    if (error instanceof NodeUnavailable) return refuse('nodeUnavailable');
    throw error;
  });
  if (permitted.allowed) deps.metrics.count('calls_allowed', asked.sender.kind === 'gateway' ? 'inbound' : 'outbound');
  else deps.metrics.count('call_refusals', permitted.reason);
  return permitted;
}

/** Of users whom nobody knows here, the chain knows more; a stranger's call is not passed on. */
async function decideAndFind(deps: PermitDeps, asked: AskedCall): Promise<Permit> {
  const permitted = await decide(deps, asked);
  if (!permitted.allowed || permitted.target.kind !== 'user' || asked.sender.kind !== 'user') return permitted;
  const { user: called } = permitted.target;
  const elsewhere = await findElsewhere(deps, { caller: asked.sender.user, called, callId: asked.sipCallId });
  return { ...permitted, elsewhere };
}

/** Why the provider who sends it is not believed; null for all others, whom Kamailio knows. */
async function doubtOf(deps: PermitDeps, { sender, called, sipCallId }: AskedCall): Promise<CallRefusal | null> {
  if (sender.kind !== 'provider') return null;
  const address = addressSchema.safeParse(called);
  if (!address.success) return 'badDestination';
  const { user: caller, identity } = sender;
  return refuseIdentity(deps, { caller, called: address.data, callId: sipCallId, identity });
}

const refuse = (reason: CallRefusal): Permit => ({ allowed: false, reason });

const overLimit = (limit: LimitName): Permit => {
  return { allowed: false, reason: limit === 'blockedPrefixes' ? 'blockedDestination' : 'overLimit', limit };
};

async function decide(deps: PermitDeps, asked: AskedCall): Promise<Permit> {
  const { store, chain, decks, limits } = deps;
  const kind = kindOf(asked, (number) => findNumber(store, number));
  if ('refused' in kind) return refuse(kind.refused);
  await chain.recent();
  const doubt = await doubtOf(deps, asked);
  if (doubt) return refuse(doubt);
  const at = deps.now();
  const price = decks.price(kind.destination, at);
  const { callId, known } = identify(deps, asked);
  const clash = clashOf(known, asked);
  if (clash) return refuse(clash);
  if (known ? known.charge === null : kind.isFree || isFree(kind.destination, price)) {
    return inTransaction(store, () => {
      const limit = known === null ? limitCall(deps, { method: asked.method, kind, terms: null, at }) : null;
      if (limit) return overLimit(limit);
      // a message that costs nothing leaves nothing to be remembered
      if (known === null && asked.method === 'INVITE')
        insertCall(store, { ...begin(asked, kind, callId, at), charge: null });
      const { refuse: maxSeconds } = limits.longestCall;
      return { allowed: true, callId, maxSeconds, target: kind.target, isCharged: false };
    });
  }
  const escrow = await findEscrow(deps, kind.payer, known?.charge?.escrowId ?? asked.escrowId, at);
  if (escrow === 'unknownEscrow') return refuse('unknownEscrow');
  return decideCharged(deps, asked, kind, callId, price, escrow);
}

type Found = { id: bigint; record: EscrowRecord };

/** Nothing is waited for in here. */
function decideCharged(
  deps: PermitDeps,
  asked: AskedCall,
  kind: CallKind,
  callId: string,
  price: DeckPrice,
  escrow: Found | null,
): Permit {
  const { store, network, contract, policy, limits } = deps;
  const at = deps.now();
  return inTransaction(store, () => {
    if (escrow === null) return refuse('noEscrow');
    const { id, record } = escrow;
    if (asked.voucher?.escrowId === id) keepVoucher(store, { network, contract }, record, asked.voucher);
    const known = findCall(store, callId); // another request of the same call may have come meanwhile
    const clash = clashOf(known, asked);
    if (clash) return refuse(clash);
    noteSpentElsewhere(store, id, record.spent);
    const permission = decidePermission(
      {
        callId,
        isOver: false,
        escrow: permissionEscrow(record, voucherTotal(store, id)),
        price: known?.charge ? priceOfCharge(known.charge) : priceFor(price, record),
        unsettled: unsettledOf(store, id, record.spent),
        ...promisesOf(chargesOnEscrow(store, id).map(underWay), callId, at),
        now: at,
      },
      policy,
    );
    if (!permission.allowed) return refuse(permission.reason);
    const { hold, terms, entry } = permission;
    if (hold === null || terms === null) throw new TypeError('a charged call has a hold'); // free ones were let through
    const limit = known === null ? limitCall(deps, { method: asked.method, kind, terms, at }) : null;
    if (limit) return overLimit(limit);
    const tariffHash = known?.charge ? known.charge.tariffHash : 'tariffHash' in price ? price.tariffHash : null;
    const charge: Charge = { escrowId: id, terms, entry, tariffHash, hold };
    if (known) writeCharge(store, callId, charge);
    else insertCall(store, { ...begin(asked, kind, callId, at), charge });
    const maxSeconds = Math.min(permission.maxSeconds, limits.longestCall.refuse);
    return { allowed: true, callId, maxSeconds, target: kind.target, isCharged: true };
  });
}

/**
 * Why what is asked is none of a call that is known. Another INVITE with the Call-ID and the tag of a call that is under
 * way would be a second call on the first one's price, hold and record.
 */
function clashOf(known: Call | null, { request }: AskedCall): CallRefusal | null {
  if (known === null) return null;
  if (known.state === 'over') return 'callEnded';
  return known.request === request ? null : 'callUnderWay';
}

function begin(
  { sipCallId, fromTag, request, method }: AskedCall,
  kind: CallKind,
  callId: string,
  invitedAt: Date,
): Omit<Call, 'charge'> {
  const { payer: user, direction, from, to } = kind;
  return {
    callId,
    sipCallId,
    fromTag,
    request,
    user,
    method,
    direction,
    from,
    to,
    state: 'ringing',
    invitedAt,
    ...notYet,
  };
}

/** Unique for this provider: the Call-ID, and the caller's tag where somebody else uses the same one. */
function identify(
  { store }: Pick<Deps, 'store'>,
  { sipCallId, fromTag }: AskedCall,
): { callId: string; known: Call | null } {
  const found = findCall(store, sipCallId);
  const wanted = found === null || found.fromTag === fromTag ? sipCallId : `${sipCallId};${fromTag}`;
  const callId = callIdSchema.safeParse(wanted).success ? wanted : createHash('sha256').update(wanted).digest('hex');
  return { callId, known: callId === sipCallId ? found : findCall(store, callId) };
}

/** A user with more open escrows than this names the one that is meant. */
const MAX_ESCROWS = 200;

/** The one that is named, or the user's open one with this provider that has the most left. */
async function findEscrow(
  { chain, signer }: Pick<Deps, 'chain' | 'signer'>,
  user: Address,
  named: bigint | null,
  at: Date,
): Promise<Found | null | 'unknownEscrow'> {
  const isOurs = (record: EscrowRecord) => record.user === user && record.provider === signer.address;
  if (named !== null) {
    const record = await chain.escrow(named);
    return record && isOurs(record) ? { id: named, record } : 'unknownEscrow';
  }
  const ids = (await chain.escrowsOf(user)).slice(0, MAX_ESCROWS);
  const records = await Promise.all(ids.map(async (id) => ({ id, record: await chain.escrow(id) })));
  const open = records.filter((one): one is Found => one.record !== null && isOurs(one.record));
  const left = ({ record }: Found) => (record.endsAt > at ? record.amount - record.spent : -1n);
  return open.reduce<Found | null>((best, one) => (best === null || left(one) > left(best) ? one : best), null);
}
