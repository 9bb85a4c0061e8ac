import { sc, tx, u, wallet } from '@cityofzion/neon-js';
import type { Account } from './account.ts';
import { isUnknown, RpcError, rpcCode } from './errors.ts';
import { type Rpc, readVersion } from './rpc.ts';
import { type ContractCall, scriptOf } from './script.ts';
import type { StackItem } from './stack-item.ts';
import { height as asHeight, type Datoshi, datoshi, type Height, type ScriptHash, type TxHash } from './types.ts';

/** A signed transaction: nothing in it can change any more, so its hash is known before it is sent. */
export type SignedTransaction = {
  hash: TxHash;
  bytes: Buffer;
  /** The last block that can hold it. */
  validUntilBlock: Height;
  systemFee: Datoshi;
  networkFee: Datoshi;
};

/** What a script did, or would do: notifications of a FAULT never took place and are left out. */
export type Execution = {
  state: 'HALT' | 'FAULT';
  exception: string | null;
  gasConsumed: Datoshi;
  stack: StackItem[];
  notifications: { contract: ScriptHash; name: string; state: StackItem[] }[];
};

/** The script would fault: the contract's own words say why. */
export class ScriptFault extends Error {
  override name = 'ScriptFault';
  readonly exception: string;

  constructor(exception: string) {
    super(`the chain refuses this: ${exception}`);
    this.exception = exception;
  }
}

/** A transaction would cost more than the signer may spend. */
export class FeeLimitExceeded extends Error {
  override name = 'FeeLimitExceeded';
}

type WireExecution = {
  vmstate?: string;
  state?: string;
  exception: string | null;
  gasconsumed: string;
  stack?: StackItem[];
  notifications: { contract: ScriptHash; eventname: string; state: { value: StackItem[] } }[];
};

/** Runs a script without a transaction, as if these accounts had signed with scope CalledByEntry. */
export async function invokeScript(
  rpc: Rpc,
  script: Buffer,
  signers: readonly Account['address'][] = [],
): Promise<Execution> {
  const witnesses = signers.map((address) => ({
    account: `0x${wallet.getScriptHashFromAddress(address)}`,
    scopes: 'CalledByEntry',
  }));
  return toExecution(await rpc.call<WireExecution>('invokescript', [script.toString('base64'), witnesses]));
}

export type BuildOptions = {
  network: number;
  account: Account;
  /** How many blocks the network has to take it in; then it is dead. */
  validForBlocks: number;
  /** System and network fee together. */
  feeLimit?: Datoshi;
  /** Added to the system fee, for what may have become dearer by the time of execution. Burnt in any case. */
  reserve?: Datoshi;
};

/** Estimates the fees of a script that `account` signs (scope CalledByEntry), and signs it. @throws ScriptFault, FeeLimitExceeded */
export async function signScript(rpc: Rpc, script: Buffer, options: BuildOptions): Promise<SignedTransaction> {
  const { network, account, validForBlocks, feeLimit, reserve = 0n } = options;
  const dryRun = await invokeScript(rpc, script, [account.address]);
  if (dryRun.state !== 'HALT') throw new ScriptFault(dryRun.exception ?? 'FAULT');
  const count = await rpc.call<number>('getblockcount');
  const transaction = new tx.Transaction({
    script: u.HexString.fromHex(script.toString('hex')),
    signers: [
      new tx.Signer({
        account: wallet.getScriptHashFromAddress(account.address),
        scopes: tx.WitnessScope.CalledByEntry,
      }),
    ],
    validUntilBlock: count - 1 + validForBlocks,
    systemFee: u.BigInteger.fromNumber((withMargin(dryRun.gasConsumed) + reserve).toString()),
  });
  transaction.networkFee = u.BigInteger.fromNumber((await estimateNetworkFee(rpc, transaction, account)).toString());
  const [systemFee, networkFee] = [transaction.systemFee, transaction.networkFee].map((fee) =>
    datoshi(BigInt(fee.toString())),
  ) as [Datoshi, Datoshi];
  if (feeLimit !== undefined && systemFee + networkFee > feeLimit) {
    throw new FeeLimitExceeded(
      `the transaction would cost ${systemFee + networkFee} datoshi, the limit is ${feeLimit}`,
    );
  }
  const message = Buffer.from(transaction.getMessageForSigning(network), 'hex');
  transaction.witnesses = [witnessOf(account, account.sign(message))];
  return {
    hash: `0x${transaction.hash()}` as TxHash,
    bytes: Buffer.from(transaction.serialize(true), 'hex'),
    validUntilBlock: asHeight(transaction.validUntilBlock),
    systemFee,
    networkFee,
  };
}

/** What a script costs can grow a little until it is executed: a stored number becomes a byte longer. */
function withMargin(gasConsumed: Datoshi): bigint {
  return gasConsumed + gasConsumed / 50n + 100_000n;
}

/** The node counts the witness too, so it gets one of the right size with a signature of zeros. */
async function estimateNetworkFee(
  rpc: Rpc,
  unsigned: InstanceType<typeof tx.Transaction>,
  account: Account,
): Promise<bigint> {
  unsigned.witnesses = [witnessOf(account, Buffer.alloc(64))];
  const { networkfee } = await rpc.call<{ networkfee: string }>('calculatenetworkfee', [
    Buffer.from(unsigned.serialize(true), 'hex').toString('base64'),
  ]);
  return BigInt(networkfee);
}

/** PUSHDATA1 64 <signature>: what both a single key's and a 1-of-1 multisig's verification script takes. */
function witnessOf(account: Account, signature: Buffer): InstanceType<typeof tx.Witness> {
  return new tx.Witness({
    invocationScript: `${sc.OpCode.PUSHDATA1.toString(16).padStart(2, '0')}40${signature.toString('hex')}`,
    verificationScript: account.verificationScript.toString('hex'),
  });
}

/** Hands a signed transaction to the network; one that the network has already is no error. @throws RpcError refused */
export async function broadcast(rpc: Rpc, bytes: Buffer): Promise<void> {
  try {
    await rpc.call('sendrawtransaction', [bytes.toString('base64')]);
  } catch (error) {
    const known: number[] = [rpcCode.alreadyOnChain, rpcCode.alreadyPooled];
    if (!(error instanceof RpcError && known.includes(error.code))) throw error;
  }
}

export type Outcome =
  | { kind: 'executed'; height: Height; execution: Execution }
  /** The chain is past `validUntilBlock` without it: it can never take place. */
  | { kind: 'expired' }
  | { kind: 'pending'; height: Height };

/**
 * What became of a transaction. Two facts decide, no timer: its application log, or a chain past its `validUntilBlock` without it.
 * The height is read before the log, and from the same node, so a block that arrives in between can't be missed.
 */
export async function readOutcome(rpc: Rpc, hash: TxHash, validUntilBlock: Height): Promise<Outcome> {
  const [count, log, position] = await rpc.batch([
    { method: 'getblockcount', params: [] },
    { method: 'getapplicationlog', params: [hash] },
    { method: 'gettransactionheight', params: [hash] },
  ]);
  if (!count || 'error' in count) throw count?.error ?? new Error('no answer to getblockcount');
  const newest = asHeight(Number(count.result) - 1);
  if (log && 'result' in log && position && 'result' in position) {
    const [execution] = (log.result as { executions: WireExecution[] }).executions;
    if (!execution) throw new Error(`the application log of ${hash} holds no execution`);
    return { kind: 'executed', height: asHeight(Number(position.result)), execution: toExecution(execution) };
  }
  for (const answer of [log, position]) {
    if (answer && 'error' in answer && !isUnknown(answer.error)) throw answer.error;
  }
  if (newest <= validUntilBlock + LOG_DELAY_BLOCKS) return { kind: 'pending', height: newest };
  if (position && 'result' in position)
    throw new Error(`the node has ${hash} in block ${position.result}, but no application log of it: ask another node`);
  return { kind: 'expired' };
}

/** The C# node stores an application log a moment after the block that it belongs to. */
const LOG_DELAY_BLOCKS = 1;

/** Signs, sends and waits until the chain has decided: for a person's own transactions. @throws ScriptFault, RpcError */
export async function execute(
  rpc: Rpc,
  calls: readonly ContractCall[],
  account: Account,
  network: number,
  { mustReturnTrue = false } = {},
): Promise<{ hash: TxHash; height: Height; execution: Execution }> {
  const signed = await signScript(rpc, scriptOf(calls, { mustReturnTrue }), {
    network,
    account,
    validForBlocks: VALID_FOR_BLOCKS,
  });
  await broadcast(rpc, signed.bytes);
  const { msPerBlock } = await readVersion(rpc);
  for (;;) {
    const outcome = await readOutcome(rpc, signed.hash, signed.validUntilBlock);
    if (outcome.kind === 'expired')
      throw new Error(
        `transaction ${signed.hash} was not taken in by block ${signed.validUntilBlock}; nothing has happened`,
      );
    if (outcome.kind === 'executed') {
      if (outcome.execution.state !== 'HALT') throw new ScriptFault(outcome.execution.exception ?? 'FAULT');
      return { hash: signed.hash, height: outcome.height, execution: outcome.execution };
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(msPerBlock / 4, 50)));
  }
}

/** A person waits for it: some minutes on a public network at most. */
const VALID_FOR_BLOCKS = 20;

function toExecution(wire: WireExecution): Execution {
  const state = (wire.vmstate ?? wire.state) === 'HALT' ? 'HALT' : 'FAULT';
  return {
    state,
    exception: wire.exception,
    gasConsumed: datoshi(BigInt(wire.gasconsumed)),
    stack: wire.stack ?? [],
    notifications:
      state === 'HALT'
        ? wire.notifications.map((emitted) => ({
            contract: emitted.contract,
            name: emitted.eventname,
            state: emitted.state.value,
          }))
        : [],
  };
}
