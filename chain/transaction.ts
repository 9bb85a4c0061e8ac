import {
  createNonce,
  type SignedTransaction,
  signTransaction,
  type Transaction,
  unsignedBytes,
} from '../protocol/contract/transaction.ts';
import type { Signer } from '../protocol/sign/signer.ts';
import { base64OfBytes } from '../protocol/types/bytes.ts';
import { type Datoshi, datoshi } from '../protocol/types/datoshi.ts';
import { height } from '../protocol/types/height.ts';
import { RpcError, rpcCode } from './errors.ts';
import { invokeScript, ScriptFault } from './invoke.ts';
import type { Ask } from './node.ts';
import type { Rpc } from './rpc.ts';

/** A transaction would cost more than the signer may spend. */
export class FeeLimitExceeded extends Error {
  override name = 'FeeLimitExceeded';
}

export type BuildOptions = {
  network: number;
  signer: Signer;
  /** How many blocks the network has to take it in; then it is dead. */
  validForBlocks: number;
  /** System and network fee together. */
  feeLimit?: Datoshi;
  /** What a dry run of the very script has just told; without it, there is one. */
  gasConsumed?: Datoshi | undefined;
  /** Added to the system fee, for what may have become dearer by the time of execution. Burnt in any case. */
  reserve?: Datoshi;
};

/** The same without a network and a key: what is made shall be looked at before it is signed. */
export type PrepareOptions = Omit<BuildOptions, 'network' | 'signer'> & {
  signer: Pick<Signer, 'address' | 'verificationScript'>;
};

/**
 * Estimates the fees of a script that `signer` signs (scope CalledByEntry), and signs it. @throws ScriptFault,
 * FeeLimitExceeded
 */
export async function signScript(rpc: Rpc, script: Uint8Array, options: BuildOptions): Promise<SignedTransaction> {
  return signTransaction(await prepareScript(rpc, script, options), options.signer, options.network);
}

/** A transaction with this script, and with the fees that it needs. @throws ScriptFault, FeeLimitExceeded */
export async function prepareScript(rpc: Ask, script: Uint8Array, options: PrepareOptions): Promise<Transaction> {
  const { signer, validForBlocks, feeLimit, reserve = 0n } = options;
  const gasConsumed = options.gasConsumed ?? (await readGasConsumed(rpc, script, signer));
  const count = await rpc.call('getblockcount');
  const transaction: Transaction = {
    script,
    validUntilBlock: height(count - 1 + validForBlocks),
    systemFee: datoshi(withMargin(gasConsumed) + reserve),
    networkFee: datoshi(0n),
    nonce: createNonce(),
  };
  const networkFee = await readNetworkFee(rpc, transaction, signer);
  const total = transaction.systemFee + networkFee;
  if (feeLimit !== undefined && total > feeLimit)
    throw new FeeLimitExceeded(`the transaction would cost ${total} datoshi, the limit is ${feeLimit}`);
  return { ...transaction, networkFee };
}

async function readGasConsumed(rpc: Ask, script: Uint8Array, signer: PrepareOptions['signer']): Promise<Datoshi> {
  const { state, exception, gasConsumed } = await invokeScript(rpc, script, [signer.address]);
  if (state !== 'HALT') throw new ScriptFault(exception ?? 'FAULT');
  return gasConsumed;
}

/** What a script costs can grow a little until it is executed: a stored number becomes a byte longer. */
function withMargin(gasConsumed: Datoshi): bigint {
  return gasConsumed + gasConsumed / 50n + 100_000n;
}

async function readNetworkFee(rpc: Ask, transaction: Transaction, signer: PrepareOptions['signer']): Promise<Datoshi> {
  const bytes = unsignedBytes(transaction, signer);
  const { networkfee } = await rpc.call('calculatenetworkfee', [base64OfBytes(bytes)]);
  return datoshi(BigInt(networkfee));
}

/** Hands a signed transaction to the network; one that the network has already is no error. @throws RpcError refused */
export async function broadcast(rpc: Pick<Ask, 'call'>, bytes: Uint8Array): Promise<void> {
  try {
    await rpc.call('sendrawtransaction', [base64OfBytes(bytes)]);
  } catch (error) {
    const known: number[] = [rpcCode.alreadyOnChain, rpcCode.alreadyPooled];
    if (!(error instanceof RpcError && known.includes(error.code))) throw error;
  }
}
