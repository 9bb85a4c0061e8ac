import type { ContractEvent } from '../../../protocol/contract/event.ts';
import type { Address } from '../../../protocol/types/address.ts';
import type { ScriptHash, TxHash } from '../../../protocol/types/hash.ts';
import type { Height } from '../../../protocol/types/height.ts';
import type { Refusal } from './refusal.ts';

/**
 * A transaction that was signed here. It is written down before it is sent, and it is sent once: whatever happens to
 * the page after that, its hash tells what became of it.
 *
 * ```mermaid
 * stateDiagram-v2
 *   [*] --> sending: signed and written down
 *   sending --> sent: a node has it
 *   sending --> refused: the only node that was asked refuses it
 *   sending --> done: found in a block
 *   sent --> done: in a block, HALT
 *   sent --> failed: in a block, FAULT
 *   sent --> expired: the chain is past its last block without it
 * ```
 */
export type Entry = {
  hash: TxHash;
  network: number;
  contract: ScriptHash;
  address: Address;
  /** All but the witness: what it does is read from here, whenever it is shown. */
  content: Uint8Array;
  validUntilBlock: Height;
  at: Date;
  /** Added to an escrow without a question, within the limit that its user set. */
  automatic: boolean;
  state: EntryState;
};

export type EntryState =
  | { kind: 'sending' }
  | { kind: 'sent' }
  | { kind: 'refused'; refusal: Refusal }
  | { kind: 'done'; height: Height; time: Date; events: readonly ContractEvent[] }
  | { kind: 'failed'; height: Height; time: Date; exception: string }
  | { kind: 'expired' };

/** It may still take place. */
export const isPending = ({ state }: Pick<Entry, 'state'>): boolean =>
  state.kind === 'sending' || state.kind === 'sent';

export type Journal = {
  /** Of this browser, whatever the account; in no order. */
  all(): Promise<Entry[]>;
  /** Returns when it is kept. */
  put(entry: Entry): Promise<void>;
};

/** Of this account and contract, the newest first. */
export function entriesOf(all: readonly Entry[], of: Pick<Entry, 'network' | 'contract' | 'address'>): Entry[] {
  const own = all.filter(
    ({ network, contract, address }) => network === of.network && contract === of.contract && address === of.address,
  );
  return own.toSorted((a, b) => b.at.getTime() - a.at.getTime());
}
