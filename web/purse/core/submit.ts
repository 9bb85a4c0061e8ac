import { NodeUnavailable, RpcError, WrongNode } from '../../../chain/errors.ts';
import { readExecuted, readOutcome } from '../../../chain/outcome.ts';
import { readVersion } from '../../../chain/rpc.ts';
import { broadcast } from '../../../chain/transaction.ts';
import { decodeEvent } from '../../../protocol/contract/event.ts';
import { hashOfContent, messageOfContent, withWitness } from '../../../protocol/contract/transaction.ts';
import { isSignatureValid } from '../../../protocol/sign/p256.ts';
import { signatureScript } from '../../../protocol/types/verification-script.ts';
import type { Chain } from './chain.ts';
import { type Entry, type EntryState, isPending, type Journal } from './journal.ts';
import type { Identity, Prepared } from './prepare.ts';
import { type Refusal, refusalOf, refused } from './refusal.ts';

export type SubmitDeps = {
  chain: Chain;
  journal: Journal;
  /** Told of each change, and of a node that is away while a transaction is waited for. */
  report: (entry: Entry, trouble: NodeUnavailable | WrongNode | null) => void;
  /** Waits; a page that is closed never comes back from it. */
  sleep: (ms: number) => Promise<void>;
};

/** Puts the signature to the bytes and sends them: once, after it was written down that they are sent. */
export async function submit(
  deps: SubmitDeps,
  identity: Identity,
  { content, statement }: Prepared,
  given: { signature: Uint8Array; automatic: boolean },
): Promise<Entry | Refusal> {
  const { network, contract, rpc } = deps.chain;
  if (!isSignatureValid(identity.publicKey, messageOfContent(content, network), given.signature))
    return refused('wrongSignature', {});
  const entry: Entry = {
    hash: hashOfContent(content),
    network,
    contract,
    address: identity.address,
    content,
    validUntilBlock: statement.validUntilBlock,
    at: new Date(),
    automatic: given.automatic,
    state: { kind: 'sending' },
  };
  await deps.journal.put(entry);
  deps.report(entry, null);
  const bytes = withWitness(content, signatureScript(identity.publicKey), given.signature);
  return change(deps, entry, await sendOnce(rpc, bytes));
}

/**
 * A refusal counts where no other node may have it. After a silence one of them may: then the hash will tell.
 */
async function sendOnce(rpc: Chain['rpc'], bytes: Uint8Array): Promise<EntryState> {
  let asked = 0;
  try {
    await rpc.use((node) => {
      asked += 1;
      return broadcast(node, bytes);
    });
    return { kind: 'sent' };
  } catch (error) {
    const refusal = refusalOf(error);
    const nobodyHasIt = asked === 0 || (asked === 1 && error instanceof RpcError);
    return nobodyHasIt ? { kind: 'refused', refusal } : { kind: 'sent' };
  }
}

async function change(deps: SubmitDeps, entry: Entry, state: EntryState): Promise<Entry> {
  const changed = { ...entry, state };
  await deps.journal.put(changed);
  deps.report(changed, null);
  return changed;
}

/** Often enough to see a block at once, seldom enough not to trouble a public node. */
const POLL_MS = { min: 200, max: 3_000 };

/** Looks for the transaction by its hash until the chain tells what became of it. It is never sent again. */
export async function followEntry(deps: SubmitDeps, entry: Entry): Promise<Entry> {
  let pollMs = POLL_MS.max;
  let paced = false;
  while (isPending(entry)) {
    try {
      if (!paced) {
        const { msPerBlock } = await readVersion(deps.chain.rpc);
        pollMs = Math.min(Math.max(msPerBlock / 4, POLL_MS.min), POLL_MS.max);
        paced = true;
      }
      const state = await lookUp(deps.chain, entry);
      if (state) return await change(deps, entry, state);
      deps.report(entry, null);
    } catch (error) {
      if (!(error instanceof NodeUnavailable || error instanceof WrongNode)) throw error;
      deps.report(entry, error);
    }
    await deps.sleep(pollMs);
  }
  return entry;
}

/** Null: not yet. */
async function lookUp({ rpc, contract }: Chain, { hash, validUntilBlock }: Entry): Promise<EntryState | null> {
  const outcome = await readOutcome(rpc, hash, validUntilBlock);
  if (outcome.kind === 'expired') return { kind: 'expired' };
  if (outcome.kind === 'pending') return null;
  const executed = await readExecuted(rpc, hash);
  if (!executed) return null; // another node, which does not have that block yet
  const { height, time, execution } = executed;
  if (execution.state !== 'HALT') return { kind: 'failed', height, time, exception: execution.exception ?? 'FAULT' };
  const own = execution.notifications.filter((emitted) => emitted.contract === contract);
  return { kind: 'done', height, time, events: own.map(({ name, state }) => decodeEvent(name, state)) };
}
