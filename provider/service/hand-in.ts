import { ApiNotNow, ApiProblem, ApiUnreachable } from '../../protocol/api/failure.ts';
import { submitVoucher } from '../../protocol/api/vouchers.ts';
import type { Deps } from './deps.ts';
import { createFollowUp } from './follow-up.ts';
import { CDRS_AT_A_TIME, handInCdrs } from './hand-in-cdrs.ts';
import {
  type GivenVoucher,
  noteVoucherHandedIn,
  noteVoucherProblem,
  noteVoucherTried,
  vouchersToHandIn,
} from './vouchers.ts';

const VOUCHERS_AT_A_TIME = 20;
/** After so many requests, or twenty vouchers at once, the others get their turn. */
const MAX_ROUNDS = 20;
/** The API is asked so often while there is something to hand in ... */
export const HAND_IN_MS = 1_000;
/** ... and after so many failures no more seldom than this. */
export const MAX_BACK_OFF_MS = 60_000;

type HandInDeps = Pick<Deps, 'store' | 'api' | 'signer' | 'metrics' | 'log' | 'now'>;

/**
 * One step of handing in what waits, and of asking what became of what was handed in. The same one sent twice is one:
 * whatever breaks, it is sent again until there is a verdict. Where one of these fails the others are tried, unless the
 * API is away. The signal cuts it short. Throws ApiUnreachable, ApiNotNow, ApiProblem, ApiMismatch.
 */
export function createHandIn(deps: HandInDeps, signal: AbortSignal): () => Promise<void> {
  /** While there is as much as is handed in at once. */
  const again = async (work: (deps: HandInDeps) => Promise<number>, atATime: number) => {
    for (let rounds = MAX_ROUNDS; rounds > 0 && !signal.aborted; rounds -= 1) if ((await work(deps)) < atATime) return;
  };
  const steps = [
    () => again(handInCdrs, CDRS_AT_A_TIME),
    () => again(handInVouchers, VOUCHERS_AT_A_TIME),
    createFollowUp(deps, signal),
  ];
  return async () => {
    const failures: unknown[] = [];
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
        if (error instanceof ApiUnreachable) break;
      }
    }
    if (failures.length > 0) throw failures[0];
  };
}

/** Answers how many there were. */
async function handInVouchers(deps: HandInDeps): Promise<number> {
  const vouchers = vouchersToHandIn(deps.store, VOUCHERS_AT_A_TIME, deps.now());
  const done = await Promise.allSettled(vouchers.map((voucher) => handInVoucher(deps, voucher)));
  const failure = done.find((each) => each.status === 'rejected');
  if (failure) throw failure.reason;
  return vouchers.length;
}

async function handInVoucher({ store, api, log, now }: HandInDeps, voucher: GivenVoucher): Promise<void> {
  const { escrowId, total, signature } = voucher;
  try {
    const body = { total: total.toString(), signature };
    await api.call(submitVoucher, { params: { id: Number(escrowId) }, body });
    noteVoucherHandedIn(store, voucher);
  } catch (error) {
    if (!(error instanceof ApiProblem) || error instanceof ApiNotNow) throw error;
    if (!ofItself.includes(error.code)) throw error;
    if (error.code === FOR_GOOD) noteVoucherProblem(store, voucher, error.code);
    else noteVoucherTried(store, voucher, now());
    log.warn({ escrowId, reason: error.code }, 'a voucher is not taken');
  }
}

/** Nothing can be claimed from its escrow any more. */
const FOR_GOOD = 'claimDeadlinePassed';
/**
 * What the API says of a voucher itself. That it holds was seen here, by the chain: an escrow that was opened or
 * extended a moment ago may not be in the API's index yet.
 */
const ofItself = ['unknownEscrow', 'voucherInvalid', FOR_GOOD];

/** Trying again later may help; else a person has to look, and what waits goes on waiting. */
export const isPassing = (error: unknown): boolean => error instanceof ApiUnreachable || error instanceof ApiNotNow;
