import { priceOf } from '../../protocol/call/price.ts';
import { callsUnderWay } from './calls.ts';
import type { Store } from './store.ts';

/** What a provider watches: phones, calls, their quality, and money. Read from the store when it is asked for. */

/** Of the calls that ended within so long. */
const LATELY_MS = 3_600_000;

export type Figure = { help: string; value: number | bigint };
export type Figures = Record<string, Figure>;

/** `registered`: phones, as Kamailio says; null: it does not answer. What nothing is known of is left out. */
export function figuresOf(store: Store, registered: number | null, now: Date): Figures {
  const { asr, acd, delay } = quality(store, now);
  const { earned, unsettled, waiting } = money(store);
  const underWay = callsUnderWay(store);
  const running = underWay.filter(({ state }) => state === 'running');
  const held = underWay.reduce((sum: bigint, { charge }) => sum + (charge?.hold.amount ?? 0n), 0n);
  const talked = running.reduce((sum: bigint, { charge, answeredAt }) => {
    const ms = answeredAt && Math.max(0, now.getTime() - answeredAt.getTime());
    return sum + (charge ? priceOf(ms, charge.terms).price : 0n);
  }, 0n);
  const one = (sql: string) => (store.prepare(sql).get()?.n ?? 0n) as bigint;
  const figures: Record<string, [help: string, value: number | bigint | null]> = {
    phones_registered: ['phones that are registered now', registered],
    calls_running: ['calls that are answered and not over', running.length],
    calls_ringing: ['calls that are not answered yet', underWay.length - running.length],
    asr_ratio: ['answered calls among those that ended within an hour', asr],
    acd_seconds: ['how long answered calls lasted that ended within an hour, on average', acd],
    post_dial_delay_seconds: ['from the INVITE to ringing or the answer, of calls that ended within an hour', delay],
    held_datoshi: ['what is promised to calls that are under way', held],
    earned_datoshi: ['what the chain has paid', earned],
    unsettled_datoshi: ['what calls cost that are over and not paid yet', unsettled],
    at_risk_datoshi: ['unsettled, and what running calls have cost so far', unsettled + talked],
    waiting_datoshi: ['what calls cost whose records wait to be handed in', waiting],
    records_waiting: [
      'records that wait to be handed in',
      one("select count(*) as n from calls where cdr_state = 'waiting'"),
    ],
    asides_kept: ['what Kamailio said and nobody understood', one('select count(*) as n from asides')],
    sessions: ['phones that may come back by a session', one('select count(*) as n from sessions')],
  };
  return Object.fromEntries(
    Object.entries(figures).flatMap(([name, [help, value]]) => (value === null ? [] : [[name, { help, value }]])),
  );
}

/** Null: no call has ended lately, or none was answered. */
function quality(store: Store, now: Date): { asr: number | null; acd: number | null; delay: number | null } {
  const row = store
    .prepare(`select count(*) as ended, count(answered_at) as answered, avg(ended_at - answered_at) as talked,
        avg(coalesce(ringing_at, answered_at) - invited_at) as delay
      from calls where ended_at > ? and method = 'INVITE'`)
    .get(now.getTime() - LATELY_MS);
  const seconds = (ms: unknown) => (typeof ms === 'number' ? ms / 1000 : null);
  const [ended, answered] = [Number(row?.ended), Number(row?.answered)];
  return { asr: ended === 0 ? null : answered / ended, acd: seconds(row?.talked), delay: seconds(row?.delay) };
}

/** Sums are integers of SQLite, and so exact; one index has all that they need. */
function money(store: Store): { earned: bigint; unsettled: bigint; waiting: bigint } {
  const sum = (what: string, states: string) =>
    store.prepare(`select coalesce(sum(${what}), 0) as n from calls where price > 0 and cdr_state in (${states})`).get()
      ?.n as bigint;
  return {
    earned: sum('paid', "'settled'"),
    unsettled: sum('price', "'waiting', 'accepted'"),
    waiting: sum('price', "'waiting'"),
  };
}
