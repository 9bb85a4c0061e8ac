import { type ContractEvent, decodeEvent } from '../protocol/contract/event.ts';
import { type ContractCall, type SignedTransaction, scriptOf } from '../protocol/contract/transaction.ts';
import type { Signer } from '../protocol/sign/signer.ts';
import type { ScriptHash, TxHash } from '../protocol/types/hash.ts';
import type { Height } from '../protocol/types/height.ts';
import { NodeUnavailable } from './errors.ts';
import { type Execution, ScriptFault } from './invoke.ts';
import { readOutcome } from './outcome.ts';
import { type Rpc, readVersion } from './rpc.ts';
import { broadcast, signScript } from './transaction.ts';

export type Sender = {
  rpc: Rpc;
  network: number;
  signer: Signer;
  /** Whose notifications the receipt names. */
  contract?: ScriptHash;
};

export type Receipt = { txHash: TxHash; height: Height; execution: Execution; events: ContractEvent[] };

/** No block took the transaction in, and none can any more: nothing has happened. */
class TransactionExpired extends Error {
  override name = 'TransactionExpired';
}

/** The node fell silent after the transaction was sent: it may take place, or not. */
class OutcomeUnknown extends Error {
  override name = 'OutcomeUnknown';
}

/** The network has so long to take a transaction in: minutes on a public one, and then it can never take place. */
const VALID_FOR_BLOCKS = 20;
/** A node that is started again is back before; longer than this nobody sits and waits. */
const SILENCE_LIMIT_MS = 30_000;
/** A block comes no sooner than this on any network that we know of. */
const MIN_POLL_MS = 50;

/**
 * Signs, sends, and waits until the block with it is there: for a person's own transactions.
 * @throws ScriptFault, RpcError, NodeUnavailable, TransactionExpired, OutcomeUnknown
 */
export async function send(
  { rpc, network, signer, contract }: Sender,
  calls: readonly ContractCall[],
  options: { mustReturnTrue?: boolean } = {},
): Promise<Receipt> {
  const { msPerBlock } = await readVersion(rpc);
  const script = scriptOf(calls, options);
  const signed = await signScript(rpc, script, { network, signer, validForBlocks: VALID_FOR_BLOCKS });
  const pollMs = Math.max(MIN_POLL_MS, msPerBlock / 4);
  const { height, execution } = await conclude(rpc, signed, { pollMs, silenceLimitMs: SILENCE_LIMIT_MS });
  const own = execution.notifications.filter((emitted) => emitted.contract === contract);
  const events = own.map(({ name, state }) => decodeEvent(name, state));
  return { txHash: signed.hash, height, execution, events };
}

/**
 * Sends a signed transaction and waits for its end. From here on it may take place whatever happens to us or to the
 * node, so a node that is silent is asked again, and who gives up says the hash: the person must not do the same once
 * more unawares.
 */
export async function conclude(
  rpc: Rpc,
  { hash, bytes, validUntilBlock }: Pick<SignedTransaction, 'hash' | 'bytes' | 'validUntilBlock'>,
  { pollMs, silenceLimitMs }: { pollMs: number; silenceLimitMs: number },
): Promise<{ height: Height; execution: Execution }> {
  let isSent = false;
  let heardAt = Date.now();
  for (;;) {
    try {
      if (!isSent) await broadcast(rpc, bytes);
      isSent = true;
      const outcome = await readOutcome(rpc, hash, validUntilBlock);
      heardAt = Date.now();
      if (outcome.kind === 'expired')
        throw new TransactionExpired(
          `transaction ${hash} was not taken in by block ${validUntilBlock}: nothing has happened; try again`,
        );
      if (outcome.kind === 'executed') return halted(outcome);
    } catch (error) {
      if (!(error instanceof NodeUnavailable)) throw error;
      if (Date.now() - heardAt > silenceLimitMs)
        throw new OutcomeUnknown(
          `the node fell silent while transaction ${hash} was under way: it can take place until block ${validUntilBlock}; look for it before you do this again`,
        );
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

function halted({ height, execution }: { height: Height; execution: Execution }) {
  if (execution.state !== 'HALT') throw new ScriptFault(execution.exception ?? 'FAULT');
  return { height, execution };
}
