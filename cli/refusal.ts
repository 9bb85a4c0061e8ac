import { NodeUnavailable, RpcError, rpcCode, WrongNetwork } from '../chain/errors.ts';
import { ScriptFault } from '../chain/invoke.ts';
import { WalletError } from '../chain/wallet-file.ts';
import { ConfigError } from '../process/config.ts';
import { describe } from '../process/run.ts';
import { faultMeaning, faultOf } from '../protocol/contract/fault.ts';

/** What was asked for can't be done; the message says what is wrong and what is expected. */
export class Refusal extends Error {
  override name = 'Refusal';
}

/** Any failure in the one line that a person reads. */
export function lineOf(error: unknown): string {
  return sentenceOf(error)
    .replaceAll(/\s*\n\s*/g, ' ')
    .trim();
}

function sentenceOf(error: unknown): string {
  if (error instanceof Refusal || error instanceof ConfigError || error instanceof WalletError) return error.message;
  if (error instanceof NodeUnavailable)
    return `${describe(error)}; is it running? npm start runs a devnet, --rpc <url> names another node`;
  if (error instanceof WrongNetwork) return `wrong network: ${error.message}; nothing was signed`;
  if (error instanceof ScriptFault) return sentenceOfFault(error.exception);
  if (error instanceof RpcError) return sentenceOfRpc(error);
  return describe(error);
}

function sentenceOfFault(exception: string): string {
  const fault = faultOf(exception);
  if (fault !== undefined) return `refused by the contract ("${fault}"): ${faultMeaning[fault]}`;
  if (/called contract .* not found|unknown contract/i.test(exception))
    return 'there is no such contract on this network: check --contract, or krypton contract deploy puts it there';
  if (/method not found/i.test(exception))
    return 'the contract at this hash is another one, or of another version: check --contract';
  return `the chain refuses this: ${exception}`;
}

function sentenceOfRpc(error: RpcError): string {
  if (error.code === rpcCode.insufficientFunds)
    return "the wallet's account has too little GAS for the fees of this transaction: send GAS to its address first";
  if (error.code === rpcCode.expired) return 'the transaction expired before the node had it; try again';
  return `the NEO node refuses: ${error.message}`;
}
