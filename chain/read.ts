import { bytesToHex } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { type ArgumentsOf, contractCall, type MethodName } from '../protocol/contract/call.ts';
import {
  asArray,
  asBytes,
  asInteger,
  asString,
  isNull,
  isStackItem,
  type StackItem,
} from '../protocol/contract/stack-item.ts';
import { scriptOf } from '../protocol/contract/transaction.ts';
import { type Address, addressOfBytes } from '../protocol/types/address.ts';
import { base64OfBytes, type Hex, hexOf } from '../protocol/types/bytes.ts';
import { type Datoshi, datoshi } from '../protocol/types/datoshi.ts';
import type { ScriptHash } from '../protocol/types/hash.ts';
import type { PublicKey } from '../protocol/types/public-key.ts';
import { NodeRefuses } from './errors.ts';
import { invokeScript, ScriptFault } from './invoke.ts';
import type { Ask } from './node.ts';
import type { Rpc } from './rpc.ts';

export type QueryType = 'uuid' | 'provider' | 'location';
export type ProviderRecord = {
  location: string;
  tariffUri: string | null;
  tariffHash: Hex | null;
  operator: Address | null;
  deployedAt: Date;
};
export type RegistrationRecord = { provider: Address; uuid: string; registeredAt: Date };
export type EscrowRecord = {
  user: Address;
  provider: Address;
  amount: Datoshi;
  spent: Datoshi;
  ratePerSecond: Datoshi;
  feePerCall: Datoshi;
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

/** SHA-256 of what will be installed, and the time from which on it may be. */
type ScheduledUpdate = { nefHash: Hex; manifestHash: Hex; notBefore: Date };

/** The contract's safe methods, read from the chain itself. Each may throw what `Rpc` throws, and ScriptFault. */
export function createReader(rpc: Pick<Rpc, 'call' | 'use'>, contract: ScriptHash) {
  async function read<N extends MethodName>(name: N, args: ArgumentsOf<N>): Promise<StackItem> {
    return top(await invokeScript(rpc, scriptOf([contractCall(contract, name, args)])));
  }
  return {
    version: async () => Number(asInteger(await read('version', {}))),
    query: async (type: QueryType, user: Address): Promise<string | null> => {
      const item = await read('query', { kind: type, user });
      if (isNull(item)) return null;
      return type === 'provider' ? addressOfBytes(asBytes(item)) : asString(item);
    },
    provider: async (provider: Address): Promise<ProviderRecord | null> =>
      orNull(await read('provider', { provider }), toProvider),
    registrations: async (user: Address): Promise<RegistrationRecord[]> =>
      asArray(await read('registrations', { user })).map(toRegistration),
    balanceOf: async (account: Address): Promise<Datoshi> => datoshi(asInteger(await read('balanceOf', { account }))),
    escrow: async (id: bigint): Promise<EscrowRecord | null> => orNull(await read('escrow', { id }), toEscrow),
    /** Ids of the user's open escrows, in no particular order; a wallet needs no service of ours. */
    escrowsOf: (user: Address): Promise<bigint[]> =>
      rpc.use((node) => readIterator(node, scriptOf([contractCall(contract, 'escrowsOf', { user })]))),
    scheduledUpdate: async (): Promise<ScheduledUpdate | null> =>
      orNull(await read('scheduledUpdate', {}), toScheduledUpdate),
    owner: async (): Promise<Address | null> =>
      orNull(await read('owner', {}), (item) => addressOfBytes(asBytes(item))),
  };
}

export type Reader = ReturnType<typeof createReader>;

function top({ state, exception, stack }: Awaited<ReturnType<typeof invokeScript>>): StackItem {
  if (state !== 'HALT' || !stack[0]) throw new ScriptFault(exception ?? 'FAULT');
  return stack[0];
}

function orNull<T>(item: StackItem, read: (item: StackItem) => T): T | null {
  return isNull(item) ? null : read(item);
}

/** So many fields, or the contract is another one. */
function fields(item: StackItem, count: number): StackItem[] {
  const list = asArray(item);
  if (list.length < count) throw new RangeError(`the contract gave ${list.length} fields instead of ${count}`);
  return list;
}

function toScheduledUpdate(item: StackItem): ScheduledUpdate {
  const [nefHash, manifestHash, notBefore] = fields(item, 3) as [StackItem, StackItem, StackItem];
  return { nefHash: hexOf(asBytes(nefHash)), manifestHash: hexOf(asBytes(manifestHash)), notBefore: time(notBefore) };
}

/** neo-go gives 100 at most, as it is configured by default. */
const ITEMS_PER_PAGE = 100;
/** More escrows than a user can pay for; a node that never ends is a broken one. */
const MAX_ITEMS = 100_000;

/** An iterator on the stack: its items at once, from a node without sessions, or the name under which it is kept. */
const iteratorSchema = z.object({
  id: z.string().optional(),
  iterator: z.array(z.custom<StackItem>((item) => isStackItem(item))).optional(),
  truncated: z.boolean().optional(),
});

/**
 * Integers of an iterator, page by page: a node keeps it for a while under a session, and gives so many items at a
 * time. The session is that node's own: where it fails in the middle, another one begins from the start.
 */
async function readIterator(node: Ask, script: Uint8Array): Promise<bigint[]> {
  const run = await node.call('invokescript', [base64OfBytes(script)]);
  const [item] = run.stack;
  if (run.state !== 'HALT' || !item) throw new ScriptFault(run.exception ?? 'FAULT');
  const { data: iterator } = iteratorSchema.safeParse(item);
  if (!iterator) throw new NodeRefuses('the node gives no iterator');
  if (iterator.truncated)
    throw new NodeRefuses('the node gives only the first items: it needs sessions (SessionEnabled)');
  if (iterator.iterator) return iterator.iterator.map(asInteger);
  const items: bigint[] = [];
  for (;;) {
    const page = await node.call('traverseiterator', [run.session, iterator.id, ITEMS_PER_PAGE]);
    items.push(...page.map(asInteger));
    if (page.length < ITEMS_PER_PAGE) return items;
    if (items.length > MAX_ITEMS) throw new NodeRefuses(`the node gives more than ${MAX_ITEMS} items`);
  }
}

const time = (item: StackItem) => new Date(Number(asInteger(item)));
const money = (item: StackItem) => datoshi(asInteger(item));
const account = (item: StackItem) => addressOfBytes(asBytes(item));

function toProvider(item: StackItem): ProviderRecord {
  const [location, uri, hash, operator, deployedAt] = fields(item, 5) as [
    StackItem,
    StackItem,
    StackItem,
    StackItem,
    StackItem,
  ];
  return {
    location: asString(location),
    tariffUri: orNull(uri, asString),
    tariffHash: orNull(hash, (bytes) => hexOf(asBytes(bytes))),
    operator: orNull(operator, account),
    deployedAt: time(deployedAt),
  };
}

function toRegistration(item: StackItem): RegistrationRecord {
  const [provider, uuid, registeredAt] = fields(item, 3) as [StackItem, StackItem, StackItem];
  return { provider: account(provider), uuid: asString(uuid), registeredAt: time(registeredAt) };
}

function toEscrow(item: StackItem): EscrowRecord {
  const f = fields(item, 15);
  const at = (i: number) => f[i] as StackItem;
  return {
    user: account(at(0)),
    provider: account(at(1)),
    amount: money(at(2)),
    spent: money(at(3)),
    ratePerSecond: money(at(4)),
    feePerCall: money(at(5)),
    increment: Number(asInteger(at(6))),
    maxParallel: Number(asInteger(at(7))),
    openedAt: time(at(8)),
    endsAt: time(at(9)),
    claimDeadline: time(at(10)),
    voucherKey: orNull(at(11), (bytes) => bytesToHex(asBytes(bytes)) as PublicKey),
    seq: asInteger(at(12)),
    seconds: asInteger(at(13)),
    calls: asInteger(at(14)),
  };
}
