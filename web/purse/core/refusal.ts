import { NodeUnavailable, RpcError, rpcCode, WrongContract, WrongNetwork } from '../../../chain/errors.ts';
import { ScriptFault } from '../../../chain/invoke.ts';
import { type Fault, faultOf } from '../../../protocol/contract/fault.ts';
import type { Datoshi } from '../../../protocol/types/datoshi.ts';
import type { StatementFault } from './statement.ts';

/** What is known of a refusal, by its code. */
type Details = {
  tooLittleGas: { needed: Datoshi; own: Datoshi };
  /** Told by the node when it was sent: what was there before has gone meanwhile. */
  tooLittleForFees: { detail: string };
  /** The contract's own word. */
  fault: { fault: Fault };
  refusedByChain: { detail: string };
  nodeAway: { detail: string };
  wrongNetwork: { detail: string };
  wrongContract: { detail: string };
  refusedByNode: { detail: string };
  /** The bytes would do something that was not asked for, or that nobody should sign. */
  unsafe: { fault: StatementFault | 'unreadable' | 'notAsAsked' };
  /** The person was asked too long: the transaction would be too late. */
  expired: { detail?: never };
  declined: { detail?: never };
  /** What came back from the wallet is no signature of this account for these bytes. */
  wrongSignature: { detail?: never };
  /** The installed wallet is on another network, has another account, or can't sign what it is given. */
  walletUnable: { detail: string };
};

/** Why something was not done. Nothing has happened on the chain in any of these cases. */
export type Refusal = { [C in keyof Details]: { kind: 'refused'; code: C } & Details[C] }[keyof Details];
type Code = keyof Details;

export const refused = <C extends Code>(code: C, details: Details[C]): Refusal =>
  ({ kind: 'refused', code, ...details }) as Refusal;

export const isRefusal = (outcome: object): outcome is Refusal => 'kind' in outcome && outcome.kind === 'refused';

/** What a node or the chain said, as a refusal. @throws what is neither's word: a mistake of ours */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof ScriptFault) return ofFault(error.exception);
  if (error instanceof WrongNetwork) return refused('wrongNetwork', { detail: error.message });
  if (error instanceof WrongContract) return refused('wrongContract', { detail: error.message });
  if (error instanceof NodeUnavailable) return refused('nodeAway', { detail: error.message });
  if (!(error instanceof RpcError)) throw error;
  if (error.code === rpcCode.expired) return refused('expired', {});
  if (error.code === rpcCode.insufficientFunds) return refused('tooLittleForFees', { detail: error.message });
  return refused('refusedByNode', { detail: error.message });
}

export function ofFault(exception: string): Refusal {
  const fault = faultOf(exception);
  return fault === undefined ? refused('refusedByChain', { detail: exception }) : refused('fault', { fault });
}
