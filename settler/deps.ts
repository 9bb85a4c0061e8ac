import type { Rpc } from '../chain/rpc.ts';
import type { Database } from '../database/connection.ts';
import type { Logger } from '../process/run.ts';
import type { Signer } from '../protocol/sign/signer.ts';
import type { Address } from '../protocol/types/address.ts';
import type { Datoshi } from '../protocol/types/datoshi.ts';
import type { ScriptHash } from '../protocol/types/hash.ts';
import type { Policy } from './plan.ts';

/** What the stages of a settler reach the world through. */
export type Deps = {
  db: Database;
  rpc: Rpc;
  network: number;
  contract: ScriptHash;
  /** The operator: signs `settle` for the providers that named it. */
  signer: Signer;
  /** The providers that it settles for; null: all that named it. */
  providers: readonly Address[] | null;
  policy: Policy;
  /** A claim is worth at least so many times what the cheapest one costs. */
  minFees: number;
  /** A refund gives back at least so many times what it costs; null: this settler refunds nothing. */
  refundMinFees: number | null;
  /** When escrows that had nothing to claim are looked at again, by id, in milliseconds of this process's clock. */
  resting: Map<bigint, number>;
  /** A chain with one validator can lose its last blocks in a crash; a public one never takes a block back. */
  mayRollBack: boolean;
  validForBlocks: number;
  feePerTransactionLimit: Datoshi;
  feePerHourLimit: Datoshi;
  log: Logger;
};
