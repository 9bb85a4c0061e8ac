import { type CdrVerdict, submitCdrs } from '../../protocol/api/cdrs.ts';
import { ApiProblem } from '../../protocol/api/failure.ts';
import type { ProblemCode } from '../../protocol/api/problem.ts';
import type { Deps } from './deps.ts';
import { committed, inTransaction, type Store } from './store.ts';

/** A fifth of what the API takes: an answer within a second, and little to repeat where it is lost. */
export const CDRS_AT_A_TIME = 200;
/** What the API has refused rests so long: it asks for as much where an escrow is full. */
const REST_MS = 60_000;

type HandInDeps = Pick<Deps, 'store' | 'api' | 'metrics' | 'log' | 'now'>;
type Waiting = { callId: string; escrowId: bigint; cdr: string };

/**
 * Hands in the CDRs that wait, the oldest first. A batch that the API refuses for some of them is parted until it is
 * known which ones these are: they rest, and the others are taken. Answers how many there were.
 * @throws where none of them was taken
 */
export async function handInCdrs(deps: HandInDeps): Promise<number> {
  const { store, log, now } = deps;
  const waiting = waitingCdrs(store, now());
  const batches = [waiting];
  await committed(store); // what a crash could still take back is not told
  let [taken, refusal]: [number, ApiProblem | null] = [0, null];
  for (let batch = batches.shift(); batch?.[0]; batch = batches.shift()) {
    try {
      await submit(deps, batch);
      taken += batch.length;
    } catch (error) {
      if (!isOfSome(error)) throw error;
      refusal = error;
      const halves = halvesOf(batch, error);
      if (halves) batches.unshift(...halves);
      else {
        const [{ callId, escrowId }] = batch;
        rest(store, batch[0], error, now());
        log.warn({ callId, escrowId, reason: error.code }, 'a CDR is refused, and rests');
      }
    }
  }
  if (taken === 0 && refusal) throw refusal;
  return waiting.length;
}

function waitingCdrs(store: Store, now: Date): Waiting[] {
  const rows = store
    .prepare(`select call_id, escrow_id, cdr from calls where cdr_state = 'waiting' and coalesce(checked_at, 0) <= ?
      order by invited_at limit ?`)
    .all(now.getTime() - REST_MS, CDRS_AT_A_TIME);
  return rows.map(({ call_id, escrow_id, cdr }) => {
    return { callId: String(call_id), escrowId: escrow_id as bigint, cdr: String(cdr) };
  });
}

async function submit({ store, api, metrics, log }: HandInDeps, batch: readonly Waiting[]): Promise<void> {
  const { cdrs } = await api.call(submitCdrs, { body: { cdrs: batch.map(({ cdr }) => JSON.parse(cdr)) } });
  if (cdrs.length !== batch.length)
    throw new RangeError(`the API gives ${cdrs.length} verdicts on ${batch.length} CDRs`);
  inTransaction(store, () => {
    const write = store.prepare('update calls set cdr_state = ?, cdr_reason = ? where call_id = ?');
    batch.forEach(({ callId }, i) => {
      const { verdict, state, reason } = cdrs[i] as CdrVerdict;
      const isPayable = (verdict === 'accepted' || verdict === 'duplicate') && state !== 'rejected';
      write.run(isPayable ? 'accepted' : verdict === 'conflict' ? 'conflict' : 'invalid', reason, callId);
      metrics.count('verdicts', verdict);
      if (!isPayable) log.warn({ callId, verdict, reason }, 'a CDR is not taken');
    });
  });
}

/** The whole escrow has to wait. */
const OF_ESCROW = 'tooManyWaiting' satisfies ProblemCode;
/** What a few CDRs can bring upon all of a request; any other refusal is one of the provider, or of the API itself. */
const ofSome: readonly string[] = [
  OF_ESCROW,
  'invalidRequest',
  'invalidJson',
  'tooLarge',
  'internal',
] satisfies ProblemCode[];

const isOfSome = (error: unknown): error is ApiProblem => error instanceof ApiProblem && ofSome.includes(error.code);

/** By escrows as long as there are several. Null: these are the ones that were refused. */
function halvesOf(batch: readonly Waiting[], { code }: ApiProblem): [Waiting[], Waiting[]] | null {
  const escrows = [...Map.groupBy(batch, ({ escrowId }) => escrowId).values()];
  const groups = escrows.length > 1 || code === OF_ESCROW ? escrows : batch.map((each) => [each]);
  if (groups.length === 1) return null;
  const half = Math.ceil(groups.length / 2);
  return [groups.slice(0, half).flat(), groups.slice(half).flat()];
}

function rest(store: Store, { callId, escrowId }: Waiting, { code }: ApiProblem, now: Date): void {
  const waiting = "update calls set checked_at = ? where cdr_state = 'waiting'";
  if (code === OF_ESCROW) store.prepare(`${waiting} and escrow_id = ?`).run(now.getTime(), escrowId);
  else store.prepare(`${waiting} and call_id = ?`).run(now.getTime(), callId);
}
