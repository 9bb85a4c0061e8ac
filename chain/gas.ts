import { asInteger } from '../protocol/contract/stack-item.ts';
import { type Argument, type ContractCall, scriptOf } from '../protocol/contract/transaction.ts';
import type { Address } from '../protocol/types/address.ts';
import { type Datoshi, datoshi } from '../protocol/types/datoshi.ts';
import type { ScriptHash } from '../protocol/types/hash.ts';
import { NodeUnavailable } from './errors.ts';
import { invokeScript } from './invoke.ts';
import type { Ask } from './node.ts';
import type { Rpc } from './rpc.ts';
import { type Receipt, type Sender, send } from './send.ts';

/** The native GAS token (NEP-17), the same on every N3 network. */
export const gasContract = '0xd2a4cff31913016155e38e474a2c06d08be276cf' as ScriptHash;

/** GAS that an account or a contract holds. */
export async function readGasBalance(rpc: Pick<Ask, 'call'>, holder: Address | ScriptHash): Promise<Datoshi> {
  return readInteger(rpc, { contract: gasContract, method: 'balanceOf', args: [{ hash160: holder }] });
}

/** PolicyContract, native on every N3 network: it knows the prices. */
const policyContract = '0xcc5e4edd9f5f8dba8bb65734541df7a1c081c67b' as ScriptHash;

/** Datoshi for a byte of contract storage. */
export async function readStoragePrice(rpc: Rpc): Promise<Datoshi> {
  return readInteger(rpc, { contract: policyContract, method: 'getStoragePrice', args: [] });
}

async function readInteger(rpc: Pick<Ask, 'call'>, call: ContractCall): Promise<Datoshi> {
  const { state, exception, stack } = await invokeScript(rpc, scriptOf([call]));
  if (state !== 'HALT' || !stack[0]) throw new NodeUnavailable(`${call.method} can't be read: ${exception ?? state}`);
  return datoshi(asInteger(stack[0]));
}

/** A NEP-17 transfer of GAS; `data` goes to the receiver's `onNEP17Payment`. */
export function gasTransfer(
  from: Address,
  to: Address | ScriptHash,
  amount: Datoshi,
  data: Argument = null,
): ContractCall {
  return { contract: gasContract, method: 'transfer', args: [{ hash160: from }, { hash160: to }, amount, data] };
}

/**
 * Sends GAS to several accounts in one transaction and waits for it. @throws ScriptFault where the sender has too
 * little
 */
export function transferGas(
  sender: Sender,
  payments: readonly { to: Address | ScriptHash; amount: Datoshi }[],
): Promise<Receipt> {
  const calls = payments.map(({ to, amount }) => gasTransfer(sender.signer.address, to, amount));
  return send(sender, calls, { mustReturnTrue: true });
}
