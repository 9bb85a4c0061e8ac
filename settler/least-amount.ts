import { NodeUnavailable } from '../chain/errors.ts';
import { invokeScript } from '../chain/invoke.ts';
import type { Claim } from '../protocol/contract/claim.ts';
import { type Datoshi, datoshi } from '../protocol/types/datoshi.ts';
import { settleScript } from './batch.ts';
import type { Deps } from './deps.ts';

/**
 * Less is not claimed from an escrow at a time: so many times what a claim costs at the least, which is one that is
 * rejected at once, at the chain's prices of today.
 */
export async function readLeastAmount(deps: Deps): Promise<Datoshi> {
  const { policy, minFees } = deps;
  if (minFees === 0) return policy.minAmount;
  const { state, exception, gasConsumed } = await invokeScript(deps.rpc, settleScript(deps, [claimOfNothing]), [
    deps.signer.address,
  ]);
  if (state !== 'HALT') throw new NodeUnavailable(`what a claim costs can't be told: ${exception ?? state}`);
  const worth = gasConsumed * BigInt(minFees);
  return worth > policy.minAmount ? datoshi(worth) : policy.minAmount;
}

/** There is no escrow 0. */
const claimOfNothing: Claim = {
  escrowId: 0n,
  seq: 0n,
  amount: datoshi(0n),
  seconds: 0n,
  calls: 1n,
  cdrRoot: new Uint8Array(32),
  voucher: null,
  close: false,
};
