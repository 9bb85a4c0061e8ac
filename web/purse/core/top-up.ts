import { type Datoshi, datoshi } from '../../../protocol/types/datoshi.ts';
import type { Escrow } from './holdings.ts';
import type { Entry } from './journal.ts';
import { statementOf } from './statement.ts';

/** When an escrow needs more during a call, how much, and whether its user is asked. */

/** A question has to be read and signed, and the chain needs its blocks. */
const WARN_MONEY_S = 120;
const WARN_TIME_MS = 180_000;
/** What is offered: so much more talk at this rate, and so much more time. */
const MORE_TALK_S = 1_800;
const MORE_TIME_MS = 3_600_000;
/** No escrow lasts longer than this from now. */
const MAX_DURATION_MS = 90 * 86_400_000;
const DAY_MS = 86_400_000;

export type CallMoney = {
  escrow: Pick<Escrow, 'amount' | 'spent' | 'endsAt'>;
  /** Signed for in all by vouchers; what a call is about to cost is in it. */
  promised: Datoshi;
  ratePerSecond: Datoshi;
  now: Date;
};

/** Whole seconds that money and time are enough for; null: the call costs nothing while it lasts. */
export function secondsLeft({ escrow, promised, ratePerSecond, now }: CallMoney): {
  money: number | null;
  time: number;
} {
  const taken = promised > escrow.spent ? promised : escrow.spent;
  const left = escrow.amount > taken ? escrow.amount - taken : 0n;
  const time = Math.max(0, Math.floor((escrow.endsAt.getTime() - now.getTime()) / 1_000));
  return { money: ratePerSecond === 0n ? null : Number(left / ratePerSecond), time };
}

export type Offer = { amount: Datoshi; durationMs: number; short: 'money' | 'time' | 'both' };

/** What to add; null: there is enough of both. Money comes from the contract's balance: more than that is not there. */
export function offerOf(call: CallMoney, balance: Datoshi): Offer | null {
  const { money, time } = secondsLeft(call);
  const needsMoney = money !== null && money < WARN_MONEY_S;
  const needsTime = time * 1_000 < WARN_TIME_MS;
  const wanted = needsMoney ? call.ratePerSecond * BigInt(MORE_TALK_S) : 0n;
  const amount = datoshi(wanted < balance ? wanted : balance);
  const longest = call.now.getTime() + MAX_DURATION_MS - call.escrow.endsAt.getTime();
  const durationMs = needsTime ? Math.max(0, Math.min(MORE_TIME_MS, longest)) : 0;
  if (amount === 0n && durationMs === 0) return null;
  const hasMoney = amount > 0n;
  return { amount, durationMs, short: hasMoney && durationMs > 0 ? 'both' : hasMoney ? 'money' : 'time' };
}

/** What was added without a question in the day before now, and may still be added or was: a failure added nothing. */
export function addedToday(entries: readonly Entry[], now: Date): Datoshi {
  const counted = entries.filter(
    ({ automatic, at, state }) =>
      automatic && now.getTime() - at.getTime() < DAY_MS && !['refused', 'failed', 'expired'].includes(state.kind),
  );
  const amounts = counted.flatMap(({ content, contract, address }) =>
    statementOf(content, { contract, signer: address }).deeds.map((deed) => ('amount' in deed ? deed.amount : 0n)),
  );
  return datoshi(amounts.reduce<bigint>((sum, amount) => sum + amount, 0n));
}

/** Within the limit that the user set for a day; without one everything is asked. */
export const isWithinLimit = (offer: Offer, limitPerDay: Datoshi | null, added: Datoshi): boolean =>
  limitPerDay !== null && added + offer.amount <= limitPerDay;
