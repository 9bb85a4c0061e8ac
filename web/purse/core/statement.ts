import { bytesToHex } from '@noble/hashes/utils.js';
import { gasContract } from '../../../chain/gas.ts';
import { methods } from '../../../protocol/contract/abi.ts';
import type { ReadArgument, ReadCall } from '../../../protocol/contract/read-script.ts';
import { type ReadTransaction, readTransaction } from '../../../protocol/contract/read-transaction.ts';
import { type Address, addressOfBytes, hash160Bytes } from '../../../protocol/types/address.ts';
import { type Datoshi, datoshi } from '../../../protocol/types/datoshi.ts';
import type { ScriptHash } from '../../../protocol/types/hash.ts';
import type { Height } from '../../../protocol/types/height.ts';
import type { PublicKey } from '../../../protocol/types/public-key.ts';

/** What the bytes of a transaction do, deed by deed. Nothing here knows what they were made from. */
export type Statement = {
  deeds: Deed[];
  payer: Address;
  systemFee: Datoshi;
  networkFee: Datoshi;
  validUntilBlock: Height;
  /** Why nobody should sign it; null where it may be signed. */
  fault: StatementFault | null;
};

export type StatementFault =
  /** It does something that is not known here. */
  | 'unknownDeed'
  /** The signature would count in contracts that the transaction does not name. */
  | 'tooWideScope'
  /** It is for another account to sign, or for more than one. */
  | 'otherAccount'
  /** A part of it would be undone without the whole. */
  | 'halfDone';

export type Deed =
  | { kind: 'deposit'; from: Address; account: Address; amount: Datoshi }
  | { kind: 'send'; from: Address; to: Address; amount: Datoshi }
  | { kind: 'withdraw'; account: Address; amount: Datoshi }
  | { kind: 'register'; user: Address; provider: Address; uuid: string }
  | { kind: 'unregister'; user: Address; provider: Address }
  | {
      kind: 'openEscrow';
      user: Address;
      provider: Address;
      amount: Datoshi;
      ratePerSecond: Datoshi;
      feePerCall: Datoshi;
      increment: number;
      maxParallel: number;
      durationMs: number;
      claimWindowMs: number;
      voucherKey: PublicKey | null;
    }
  | { kind: 'extend'; id: bigint; amount: Datoshi; durationMs: number }
  | { kind: 'close'; id: bigint }
  | { kind: 'refund'; id: bigint }
  | { kind: 'unknown'; contract: ScriptHash; method: string };

/** @throws UnreadableTransaction */
export function statementOf(content: Uint8Array, at: { contract: ScriptHash; signer: Address }): Statement {
  const read = readTransaction(content);
  const deeds = read.calls?.map((call) => deedOf(call, at.contract)) ?? [{ kind: 'unknown', ...noCall } as const];
  const { systemFee, networkFee, validUntilBlock } = read;
  const payer = read.signers[0]?.account as Address;
  return { deeds, payer, systemFee, networkFee, validUntilBlock, fault: faultOf(read, deeds, at.signer) };
}

const noCall = { contract: `0x${'0'.repeat(40)}` as ScriptHash, method: '' };

function faultOf({ signers, calls }: ReadTransaction, deeds: Deed[], signer: Address): StatementFault | null {
  if (deeds.length === 0 || deeds.some(({ kind }) => kind === 'unknown')) return 'unknownDeed';
  if (signers.some(({ scopes }) => scopes.some((scope) => scope !== 'calledByEntry'))) return 'tooWideScope';
  if (signers.length !== 1 || signers[0]?.account !== signer) return 'otherAccount';
  if (deeds.some((deed) => actorOf(deed) !== null && actorOf(deed) !== signer)) return 'otherAccount';
  if (calls?.some(({ contract, mustReturnTrue }) => contract === gasContract && !mustReturnTrue)) return 'halfDone';
  return null;
}

/** Whose money or registration it moves; null where the contract knows. */
function actorOf(deed: Deed): Address | null {
  if ('from' in deed) return deed.from;
  if ('account' in deed) return deed.account;
  return 'user' in deed ? deed.user : null;
}

function deedOf(call: ReadCall, contract: ScriptHash): Deed {
  const unknown: Deed = { kind: 'unknown', contract: call.contract, method: call.method };
  if (call.contract === gasContract) return transferOf(call, contract) ?? unknown;
  if (call.contract !== contract) return unknown;
  const args = namedArguments(call);
  return (args && ownDeedOf(call.method, args)) ?? unknown;
}

function transferOf({ method, args }: ReadCall, contract: ScriptHash): Deed | null {
  const [from, to, amount, data] = args;
  if (method !== 'transfer' || args.length !== 4) return null;
  if (!(isAccount(from) && isAccount(to) && typeof amount === 'bigint' && amount >= 0n)) return null;
  const sent = { from: addressOfBytes(from), amount: datoshi(amount) };
  if (bytesToHex(to) !== bytesToHex(hash160Bytes(contract)))
    return data === null ? { kind: 'send', ...sent, to: addressOfBytes(to) } : null;
  if (data === null) return { kind: 'deposit', ...sent, account: sent.from };
  return isAccount(data) ? { kind: 'deposit', ...sent, account: addressOfBytes(data) } : null;
}

const isAccount = (value: ReadArgument | undefined): value is Uint8Array =>
  value instanceof Uint8Array && value.length === 20;

type Named = Record<string, Address | bigint | string | Uint8Array | null>;

/** By the contract's manifest; null where an argument is not of the type that it names. */
function namedArguments({ method, args }: ReadCall): Named | null {
  const known = methods.find(({ name, parameters }) => name === method && parameters.length === args.length);
  if (!known) return null;
  const entries = known.parameters.map(({ name, type }, i) => [name, readValue(type, args[i])] as const);
  return entries.some(([, value]) => value === undefined) ? null : (Object.fromEntries(entries) as Named);
}

function readValue(type: string, value: ReadArgument | undefined): Named[string] | undefined {
  if (type === 'Hash160') return isAccount(value) ? addressOfBytes(value) : undefined;
  if (type === 'Integer') return typeof value === 'bigint' ? value : undefined;
  if (type === 'String') return value instanceof Uint8Array ? textOf(value) : undefined;
  if (type === 'ByteArray') return value === null || value instanceof Uint8Array ? value : undefined;
  return undefined;
}

/** What is no text is of no use to a person. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** What may be signed here; what only providers and the contract's owner do is unknown to a purse. */
function ownDeedOf(method: string, given: Named): Deed | null {
  const account = (name: string) => given[name] as Address;
  const money = (name: string) => datoshi(given[name] as bigint);
  const number = (name: string) => Number(given[name] as bigint);
  const id = given.id as bigint;
  switch (method) {
    case 'withdraw':
      return { kind: 'withdraw', account: account('account'), amount: money('amount') };
    case 'register':
      return { kind: 'register', user: account('user'), provider: account('provider'), uuid: given.uuid as string };
    case 'unregister':
      if (given.provider === undefined) return null; // from all at once: nothing here asks for that
      return { kind: 'unregister', user: account('user'), provider: account('provider') };
    case 'openEscrow': {
      const key = given.voucherKey as Uint8Array | null;
      return {
        kind: 'openEscrow',
        user: account('user'),
        provider: account('provider'),
        amount: money('amount'),
        ratePerSecond: money('ratePerSecond'),
        feePerCall: money('feePerCall'),
        increment: number('increment'),
        maxParallel: number('maxParallel'),
        durationMs: number('durationMs'),
        claimWindowMs: number('claimWindowMs'),
        voucherKey: key && (bytesToHex(key) as PublicKey),
      };
    }
    case 'extendEscrow':
      return { kind: 'extend', id, amount: money('amount'), durationMs: number('durationMs') };
    case 'closeEscrow':
      return { kind: 'close', id };
    case 'refund':
      return { kind: 'refund', id };
    default:
      return null;
  }
}
