import { gasTransfer } from '../../../chain/gas.ts';
import { contractCall } from '../../../protocol/contract/call.ts';
import { type ContractCall, scriptOf } from '../../../protocol/contract/transaction.ts';
import type { Address } from '../../../protocol/types/address.ts';
import { bytesOfHex } from '../../../protocol/types/bytes.ts';
import type { Datoshi } from '../../../protocol/types/datoshi.ts';
import type { ScriptHash } from '../../../protocol/types/hash.ts';
import type { PublicKey } from '../../../protocol/types/public-key.ts';

/** What a person does with their money. Each is one transaction. */
export type Action =
  | { kind: 'deposit'; amount: Datoshi }
  | { kind: 'withdraw'; amount: Datoshi }
  | { kind: 'send'; to: Address; amount: Datoshi }
  | { kind: 'register'; provider: Address; uuid: string }
  | { kind: 'unregister'; provider: Address }
  | ({ kind: 'openEscrow' } & EscrowTerms)
  | { kind: 'extend'; id: bigint; amount: Datoshi; durationMs: number }
  | { kind: 'close'; id: bigint }
  | { kind: 'refund'; id: bigint };

export type EscrowTerms = {
  provider: Address;
  amount: Datoshi;
  /** The most that the user agrees to. */
  ratePerSecond: Datoshi;
  feePerCall: Datoshi;
  /** Seconds; the coarsest. */
  increment: number;
  maxParallel: number;
  durationMs: number;
  claimWindowMs: number;
  /** The key that signs vouchers; null: the provider claims without them. */
  voucherKey: PublicKey | null;
  /** Put into the contract first, where its balance is too small. */
  deposit: Datoshi;
};

type Owner = { address: Address; contract: ScriptHash };

/** The script of an action. A transfer that the GAS contract refuses undoes all of it. */
export function scriptOfAction(action: Action, owner: Owner): Uint8Array {
  if (action.kind === 'send') return transfer(gasTransfer(owner.address, action.to, action.amount));
  if (action.kind === 'deposit') return transfer(deposit(owner, action.amount));
  const call = scriptOf([callOf(action, owner)]);
  if (action.kind !== 'openEscrow' || action.deposit === 0n) return call;
  return Uint8Array.of(...transfer(deposit(owner, action.deposit)), ...call);
}

const transfer = (call: ContractCall) => scriptOf([call], { mustReturnTrue: true });
const deposit = ({ address, contract }: Owner, amount: Datoshi) => gasTransfer(address, contract, amount);

function callOf(action: Exclude<Action, { kind: 'deposit' | 'send' }>, { address, contract }: Owner): ContractCall {
  switch (action.kind) {
    case 'withdraw':
      return contractCall(contract, 'withdraw', { account: address, amount: action.amount });
    case 'register':
      return contractCall(contract, 'register', { user: address, provider: action.provider, uuid: action.uuid });
    case 'unregister':
      return contractCall(contract, 'unregister', { user: address, provider: action.provider });
    case 'openEscrow':
      return openEscrow(action, { address, contract });
    case 'extend':
      return contractCall(contract, 'extendEscrow', {
        id: action.id,
        amount: action.amount,
        durationMs: BigInt(action.durationMs),
      });
    case 'close':
      return contractCall(contract, 'closeEscrow', { id: action.id });
    case 'refund':
      return contractCall(contract, 'refund', { id: action.id });
    default:
      return action satisfies never;
  }
}

function openEscrow(terms: EscrowTerms, { address, contract }: Owner): ContractCall {
  return contractCall(contract, 'openEscrow', {
    user: address,
    provider: terms.provider,
    amount: terms.amount,
    ratePerSecond: terms.ratePerSecond,
    feePerCall: terms.feePerCall,
    increment: BigInt(terms.increment),
    maxParallel: BigInt(terms.maxParallel),
    durationMs: BigInt(terms.durationMs),
    claimWindowMs: BigInt(terms.claimWindowMs),
    voucherKey: terms.voucherKey === null ? null : bytesOfHex(terms.voucherKey),
  });
}
