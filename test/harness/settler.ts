import pino from 'pino';
import { datoshi } from '../../protocol/types/datoshi.ts';
import type { Deps } from '../../settler/deps.ts';
import type { World } from './world.ts';

/** What the stages of a settler need that claims everything at once, for the operator of a test's world. */
export const settlerDeps = (world: World, given: Partial<Deps> = {}): Deps => ({
  db: world.db,
  rpc: world.rpc,
  network: world.network,
  contract: world.contract,
  signer: world.operator,
  policy: { amount: datoshi(1n), minAmount: datoshi(0n), maxAgeMs: 0, beforeDeadlineMs: 1_000 },
  providers: null,
  minFees: 0,
  refundMinFees: 0,
  resting: new Map(),
  mayRollBack: true,
  validForBlocks: 20,
  feePerTransactionLimit: datoshi(10_000_000_000n),
  feePerHourLimit: datoshi(100_000_000_000n),
  log: pino({ level: 'silent' }),
  ...given,
});
