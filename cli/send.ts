import { setTimeout as sleep } from 'node:timers/promises';
import { NodeUnavailable } from '../chain/errors.ts';
import { type Rpc, readVersion } from '../chain/rpc.ts';
import { type ContractCall, scriptOf } from '../chain/script.ts';
import {
  broadcast,
  type Execution,
  readOutcome,
  ScriptFault,
  type SignedTransaction,
  signScript,
} from '../chain/transaction.ts';
import type { Height, TxHash } from '../chain/types.ts';
import { type ContractEvent, decodeEvent, type EventName, type EventOf } from '../contract/client/event.ts';
import type { Signing } from './connect.ts';
import { Refusal } from './refusal.ts';

export type Receipt = { txHash: TxHash; height: Height; events: ContractEvent[] };

/** The network has so long to take a transaction in: minutes on a public one, and then it can never take place. */
const VALID_FOR_BLOCKS = 20;
/** A node that is started again is back before; longer than this nobody sits and waits. */
const SILENCE_LIMIT_MS = 30_000;

/** Signs, sends, and waits until the block with it is there. @throws ScriptFault, RpcError, Refusal */
export async function send(
  { rpc, contract, account, network }: Signing,
  calls: readonly ContractCall[],
  options: { mustReturnTrue?: boolean } = {},
): Promise<Receipt> {
  const { msPerBlock } = await readVersion(rpc);
  const signed = await signScript(rpc, scriptOf(calls, options), {
    network,
    account,
    validForBlocks: VALID_FOR_BLOCKS,
  });
  const pollMs = Math.max(50, msPerBlock / 4);
  const { height, execution } = await conclude(rpc, signed, { pollMs, silenceLimitMs: SILENCE_LIMIT_MS });
  const own = execution.notifications.filter((emitted) => emitted.contract === contract);
  return { txHash: signed.hash, height, events: own.map(({ name, state }) => decodeEvent(name, state)) };
}

/**
 * Sends a signed transaction and waits for its end. From here on it may take place whatever happens to us or to the node, so a
 * node that is silent is asked again, and who gives up says the hash: the person must not do the same once more unawares.
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
        throw new Refusal(
          `transaction ${hash} was not taken in by block ${validUntilBlock}: nothing has happened; try again`,
        );
      if (outcome.kind === 'executed') return halted(outcome);
    } catch (error) {
      if (!(error instanceof NodeUnavailable)) throw error;
      if (Date.now() - heardAt > silenceLimitMs)
        throw new Refusal(
          `the node fell silent while transaction ${hash} was under way: it can take place until block ${validUntilBlock}; look for it before you do this again`,
          { cause: error },
        );
    }
    await sleep(pollMs);
  }
}

function halted({ height, execution }: { height: Height; execution: Execution }) {
  if (execution.state !== 'HALT') throw new ScriptFault(execution.exception ?? 'FAULT');
  return { height, execution };
}

/** The one notification that a call makes. */
export function eventOf<N extends EventName>(receipt: Receipt, name: N): EventOf<N> {
  const event = receipt.events.find((candidate) => candidate.name === name);
  if (!event) throw new Refusal(`transaction ${receipt.txHash} took place, but without ${name}: check --contract`);
  return event as EventOf<N>;
}
