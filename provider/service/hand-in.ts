import { type CdrVerdict, submitCdrs } from '../../protocol/api/cdrs.ts';
import { ApiNotNow, ApiProblem, ApiUnreachable } from '../../protocol/api/failure.ts';
import { submitVoucher } from '../../protocol/api/vouchers.ts';
import type { Deps } from './deps.ts';
import { committed, inTransaction } from './store.ts';
import { noteVoucherHandedIn, noteVoucherProblem, noteVoucherTried, vouchersToHandIn } from './vouchers.ts';

/** A fifth of what the API takes: an answer within a second, and little to repeat where it is lost. */
const CDRS_AT_A_TIME = 200;
const VOUCHERS_AT_A_TIME = 20;
/** The API is asked so often while there is something to hand in ... */
export const HAND_IN_MS = 1_000;
/** ... and after so many failures no more seldom than this. */
export const MAX_BACK_OFF_MS = 60_000;

type HandInDeps = Pick<Deps, 'store' | 'api' | 'metrics' | 'log' | 'now'>;

/**
 * Hands in what waits, oldest first. The same one sent twice is one: whatever breaks, it is sent again until there is a
 * verdict. @throws ApiUnreachable, ApiNotNow, ApiProblem, ApiMismatch
 */
export async function handIn(deps: HandInDeps): Promise<number> {
  return (await handInCdrs(deps)) + (await handInVouchers(deps));
}

async function handInCdrs({ store, api, metrics, log }: HandInDeps): Promise<number> {
  const rows = store
    .prepare("select call_id, cdr from calls where cdr_state = 'waiting' order by invited_at limit ?")
    .all(CDRS_AT_A_TIME);
  if (rows.length === 0) return 0;
  await committed(store); // what a crash could still take back is not told
  const { cdrs } = await api.call(submitCdrs, { body: { cdrs: rows.map(({ cdr }) => JSON.parse(String(cdr))) } });
  if (cdrs.length !== rows.length) throw new RangeError(`the API gives ${cdrs.length} verdicts on ${rows.length} CDRs`);
  inTransaction(store, () => {
    const write = store.prepare('update calls set cdr_state = ?, cdr_reason = ? where call_id = ?');
    rows.forEach(({ call_id }, i) => {
      const { verdict, state, reason } = cdrs[i] as CdrVerdict;
      const isPayable = (verdict === 'accepted' || verdict === 'duplicate') && state !== 'rejected';
      write.run(isPayable ? 'accepted' : verdict === 'conflict' ? 'conflict' : 'invalid', reason, String(call_id));
      metrics.count('verdicts', verdict);
      if (!isPayable) log.warn({ callId: call_id, verdict, reason }, 'a CDR is not taken');
    });
  });
  return rows.length;
}

async function handInVouchers({ store, api, log, now }: HandInDeps): Promise<number> {
  const vouchers = vouchersToHandIn(store, VOUCHERS_AT_A_TIME, now());
  let done = 0;
  for (const voucher of vouchers) {
    const { escrowId, total, signature } = voucher;
    const params = { id: Number(escrowId) };
    try {
      await api.call(submitVoucher, { params, body: { total: total.toString(), signature } });
      noteVoucherHandedIn(store, voucher);
      done += 1;
    } catch (error) {
      if (!(error instanceof ApiProblem) || error instanceof ApiNotNow) throw error;
      if (!ofItself.includes(error.code)) throw error;
      if (error.code === FOR_GOOD) noteVoucherProblem(store, voucher, error.code);
      else noteVoucherTried(store, voucher, now());
      log.warn({ escrowId, reason: error.code }, 'a voucher is not taken');
    }
  }
  return done;
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
