import type { Limits } from '../kamailio/limits-file.ts';

/** What a provider lets nobody do: decided by values alone. */

type Thresholds = { warn: number | bigint | null; refuse: number | bigint | null };
/** The limits that are a number with two thresholds. */
export type Counter = { [K in keyof Limits]: Limits[K] extends Thresholds ? K : never }[keyof Limits];
export type LimitName = Exclude<keyof Limits, 'dryRun'>;

/** `wouldRefuse`: as refused, but for a dry run. */
export type Verdict = 'refused' | 'wouldRefuse' | 'warned';
export type Finding = { limit: LimitName; verdict: Verdict };

export type Measured = {
  /** How far each counter is with what is asked for included; what is left out is not looked at. */
  counters: Partial<Record<Counter, number | bigint>>;
  /** A call to a number of the PSTN, and when; else null. */
  dialled: { number: string; at: Date } | null;
};

/** All limits that are passed, so that each is counted. */
export function judge(limits: Limits, { counters, dialled }: Measured): Finding[] {
  const refused: Verdict = limits.dryRun ? 'wouldRefuse' : 'refused';
  const passed = Object.entries(counters).flatMap(([name, value]): Finding[] => {
    const limit = name as Counter;
    const { warn, refuse } = limits[limit];
    if (refuse !== null && value > refuse) return [{ limit, verdict: refused }];
    return warn !== null && value > warn ? [{ limit, verdict: 'warned' }] : [];
  });
  if (dialled === null) return passed;
  const { number, at } = dialled;
  if (limits.blockedPrefixes.some((prefix) => number.startsWith(prefix)))
    passed.push({ limit: 'blockedPrefixes', verdict: refused });
  if (!limits.hours.some((window) => isWithin(window, at))) passed.push({ limit: 'hours', verdict: refused });
  return passed;
}

/** `22:00-06:00` goes over midnight; the end is outside. All in UTC. */
function isWithin(window: string, at: Date): boolean {
  const [from = 0, to = 0] = window.split('-').map(minutesOf);
  const now = at.getUTCHours() * 60 + at.getUTCMinutes();
  return from < to ? from <= now && now < to : from <= now || now < to;
}

function minutesOf(text: string): number {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  return hours * 60 + minutes;
}
