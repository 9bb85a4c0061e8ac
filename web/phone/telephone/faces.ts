import { type ReadonlySignal, signal } from '@preact/signals';
import type { Address } from '../../../protocol/types/address.ts';
import type { Datoshi } from '../../../protocol/types/datoshi.ts';
import type { Needs } from './needs.ts';

/**
 * Where the purse plugs in: it sets this when it opens, and the telephone begins as soon as there is somebody to pay
 * and somebody to sign. Another account is another telephone.
 */
export type PurseFace = Omit<Needs, 'network' | 'contract' | 'user'> & {
  /** Providers with which the person wants to telephone, in the order of their choice. */
  providers: ReadonlySignal<readonly Address[]>;
  /** Shows what it costs, and waits for the block; whether the chain has it now. */
  register(provider: Address, uuid: string): Promise<boolean>;
  /** While a call runs: adds to its escrow within the limit that the person has set, where it needs more. */
  keepCovered(escrowId: bigint, promised: Datoshi, ratePerSecond: Datoshi): Promise<void>;
};

export const purse = signal<PurseFace | null>(null);
