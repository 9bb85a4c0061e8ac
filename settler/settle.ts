import { RpcError } from '../chain/errors.ts';
import { readStoragePrice } from '../chain/gas.ts';
import { scriptOf } from '../chain/script.ts';
import {
  FeeLimitExceeded,
  invokeScript,
  ScriptFault,
  type SignedTransaction,
  signScript,
} from '../chain/transaction.ts';
import { datoshi } from '../chain/types.ts';
import { contractCall } from '../contract/client/call.ts';
import { type Claim, claimCodeName, MAX_CLAIMS_PER_CALL, MAX_NOTIFICATIONS } from '../contract/client/claim.ts';
import { decodeEvent } from '../contract/client/event.ts';
import { findCandidates } from './candidates.ts';
import { type PreparedClaim, prepareClaim } from './claim.ts';
import type { Deps } from './deps.ts';
import { note } from './notes.ts';
import { parkUnknown } from './park.ts';
import { plan } from './plan.ts';
import { seal } from './seal.ts';
import { submit } from './submit.ts';

/** One claim makes one notification, and the chain takes so many in a transaction. */
const CLAIMS_PER_TRANSACTION = MAX_NOTIFICATIONS;
/** Calls of one transaction: they are locked and updated together, well within the limit of a statement. */
const CALLS_PER_TRANSACTION = 50_000;
/** The chain takes scripts of 65,535 bytes; with usual amounts, 512 claims with vouchers are a little longer. */
const MAX_SCRIPT_BYTES = 60_000;
/** Bytes of a balance that does not exist: key (21) and value (9). */
const NEW_BALANCE_BYTES = 30n;

/**
 * Claims what is due: plan, ask the chain what it would say (for nothing), seal, then send. Answers the transactions that
 * were sealed.
 */
export async function settle(deps: Deps): Promise<SignedTransaction[]> {
  await parkUnknown(deps);
  const prepared = await prepare(deps, await claimsAtATime(deps));
  return prepared.length > 0 ? settleClaims(deps, prepared) : [];
}

/** Plans one escrow after the other until a transaction is full. */
async function prepare(deps: Deps, limit: number): Promise<PreparedClaim[]> {
  const prepared: PreparedClaim[] = [];
  let calls = 0;
  for await (const candidate of findCandidates(deps)) {
    const { claimed, failed, waiting } = plan(candidate, deps.policy, new Date());
    // What a claim leaves nothing for has failed only when that claim is accepted: the next plan says so.
    await note(deps, { waiting, failed: claimed.length > 0 ? [] : failed });
    if (claimed.length === 0) continue;
    prepared.push(await prepareClaim(deps, candidate, claimed));
    calls += claimed.length;
    if (prepared.length >= limit || calls >= CALLS_PER_TRANSACTION) break;
  }
  // The contract credits neighbours with one write: each change of provider costs 0.04 GAS at genesis prices.
  return prepared.sort((a, b) => (a.provider < b.provider ? -1 : Number(a.provider > b.provider)));
}

/** After a transaction that faulted, whatever the reason, fewer claims share the next one's fate, down to one alone. */
async function claimsAtATime({ db }: Pick<Deps, 'db'>): Promise<number> {
  const newest = await db
    .selectFrom('transactions')
    .select('state')
    .where('state', 'in', ['halted', 'faulted'])
    .orderBy('sealedAt', 'desc')
    .limit(5)
    .execute();
  const ended = newest.findIndex(({ state }) => state === 'halted');
  const faults = ended === -1 ? newest.length : ended;
  return Math.max(1, CLAIMS_PER_TRANSACTION >> (2 * faults));
}

/** Leaves out what the chain would reject; what it would not run at all, or costs too much, is tried in halves. */
async function settleClaims(deps: Deps, prepared: readonly PreparedClaim[]): Promise<SignedTransaction[]> {
  try {
    if (settleScript(deps, prepared).length > MAX_SCRIPT_BYTES) return await settleHalves(deps, prepared);
    const accepted = await preflight(deps, prepared);
    if (accepted.length === 0) return [];
    const signed = await sign(deps, accepted);
    if (!(await seal(deps, signed, accepted))) {
      deps.log.info('another settler was faster; nothing was sealed');
      return [];
    }
    deps.log.info({ txHash: signed.hash, claims: accepted.length, validUntilBlock: signed.validUntilBlock }, 'sealed');
    await submit(deps, signed);
    return [signed];
  } catch (error) {
    if (!(error instanceof ScriptFault || error instanceof FeeLimitExceeded || error instanceof RpcError)) throw error;
    if (prepared.length > 1) return settleHalves(deps, prepared);
    deps.log.error({ escrowId: Number(prepared[0]?.claim.escrowId) }, `not claimed now: ${error.message}`);
    await note(deps, {
      waiting: prepared.flatMap(({ calls }) =>
        calls.map(({ cdrId }) => ({ cdrId, reason: 'refusedByChain' as const })),
      ),
    });
    return [];
  }
}

async function settleHalves(deps: Deps, prepared: readonly PreparedClaim[]): Promise<SignedTransaction[]> {
  const middle = Math.ceil(prepared.length / 2);
  return [
    ...(await settleClaims(deps, prepared.slice(0, middle))),
    ...(await settleClaims(deps, prepared.slice(middle))),
  ];
}

/** What the contract would say of each claim now. */
async function preflight(deps: Deps, prepared: readonly PreparedClaim[]): Promise<PreparedClaim[]> {
  const { state, exception, notifications } = await invokeScript(deps.rpc, settleScript(deps, prepared), [
    deps.signer.address,
  ]);
  if (state !== 'HALT') throw new ScriptFault(exception ?? 'FAULT');
  const codeOf = new Map<bigint, number>();
  for (const notification of notifications.filter(({ contract }) => contract === deps.contract)) {
    const event = decodeEvent(notification.name, notification.state);
    if (event.name === 'ClaimRejected') codeOf.set(event.escrowId, Number(event.code));
  }
  for (const { claim, calls } of prepared) {
    const code = codeOf.get(claim.escrowId);
    const reason = code === undefined ? undefined : claimCodeName(code);
    if (!reason) continue;
    deps.log.warn(
      { escrowId: Number(claim.escrowId), seq: Number(claim.seq), reason },
      'the chain would reject this claim now',
    );
    await note(deps, { waiting: calls.map(({ cdrId }) => ({ cdrId, reason })) });
  }
  return prepared.filter(({ claim }) => !codeOf.has(claim.escrowId));
}

async function sign(deps: Deps, accepted: readonly PreparedClaim[]): Promise<SignedTransaction> {
  const { rpc, network, signer: account, validForBlocks, feePerTransactionLimit, feePerHourLimit } = deps;
  const left = datoshi(feePerHourLimit - (await feesOfLastHour(deps)));
  const feeLimit = left < feePerTransactionLimit ? left : feePerTransactionLimit;
  // A provider that empties its balance before this is executed makes crediting it dearer, which must not fault the others.
  const providers = new Set(accepted.map(({ provider }) => provider)).size;
  const reserve = datoshi(NEW_BALANCE_BYTES * BigInt(providers) * (await readStoragePrice(rpc)));
  return signScript(rpc, settleScript(deps, accepted), { network, account, validForBlocks, feeLimit, reserve });
}

/** The only script that this key signs: `settle` calls of the one contract. */
function settleScript({ contract }: Pick<Deps, 'contract'>, prepared: readonly PreparedClaim[]): Buffer {
  const claims = prepared.map(({ claim }) => claim);
  const calls: Claim[][] = [];
  for (let i = 0; i < claims.length; i += MAX_CLAIMS_PER_CALL) calls.push(claims.slice(i, i + MAX_CLAIMS_PER_CALL));
  return scriptOf(calls.map((chunk) => contractCall(contract, 'settle', { claims: chunk })));
}

/** Paid, or still possible; one that expired was never paid. */
async function feesOfLastHour({ db }: Pick<Deps, 'db'>): Promise<bigint> {
  const { total } = await db
    .selectFrom('transactions')
    .select(({ fn, eb }) =>
      fn.coalesce(fn.sum<bigint>(eb('systemFee', '+', eb.ref('networkFee'))), eb.val(0n)).as('total'),
    )
    .where('sealedAt', '>', new Date(Date.now() - 3_600_000))
    .where('state', '!=', 'expired')
    .executeTakeFirstOrThrow();
  return BigInt(total);
}
