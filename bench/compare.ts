import { type CpuClock, cpuClockOf } from './cpu.ts';
import type { Load } from './load.ts';

/** `short` only shows that it runs. */
export type Size = 'full' | 'short';

/** What is measured: a figure of ours, or a ceiling. `pid`: the server whose processor time counts. */
export type Contender = { name: string; pid?: number | undefined; run: () => Promise<Load> };

/** A ratio to a ceiling, as asked; the ceiling with the lowest rate bounds. */
export type Row = {
  what: string;
  ours: Measured;
  ceilings: (Measured & { ratio: Spread })[];
  asked: string;
};
export type Measured = {
  name: string;
  perSecond: Spread;
  p50Ms: number;
  p99Ms: number;
  cpuUs: number | null;
  postgresUs: number | null;
};
export type Spread = { median: number; low: number; high: number };

type Plan = {
  what: string;
  asked: string;
  rounds: number;
  requests: number;
  /** What Postgres has spent. */
  postgres?: CpuClock | undefined;
};
type Run = { load: Load; cpuUs: number | null; postgresUs: number | null };

/**
 * Ceiling and figure by turns, so that whatever else the machine does befalls all of them; the ratio is of each round,
 * and of those the median counts.
 */
export async function compare(plan: Plan, ours: Contender, ceilings: readonly Contender[]): Promise<Row> {
  const { what, asked, rounds } = plan;
  const all = [ours, ...ceilings];
  const runs = new Map<Contender, Run[]>(all.map((each) => [each, []]));
  for (let round = 0; round < rounds; round += 1)
    // the other way round each time
    for (const each of round % 2 === 0 ? all : all.toReversed()) runs.get(each)?.push(await runOnce(plan, each));
  const runsOf = (each: Contender) => runs.get(each) ?? [];
  const rates = (each: Contender) => runsOf(each).map(({ load }) => load.perSecond);
  const bounds = ceilings.map((each) => {
    const ratio = spreadOf(rates(ours).map((rate, i) => rate / (rates(each)[i] ?? Number.NaN)));
    return { ...measuredOf(each.name, runsOf(each)), ratio };
  });
  return { what, asked, ours: measuredOf(ours.name, runsOf(ours)), ceilings: bounds };
}

async function runOnce({ requests, postgres }: Plan, { pid, run }: Contender): Promise<Run> {
  const clock = pid === undefined ? undefined : cpuClockOf(pid);
  const before = [clock?.(), postgres?.()] as const;
  const load = await run();
  const each = (now: number | null | undefined, then: number | null | undefined) =>
    now == null || then == null ? null : ((now - then) / requests) * 1e6;
  return { load, cpuUs: each(clock?.(), before[0]), postgresUs: each(postgres?.(), before[1]) };
}

const measuredOf = (name: string, runs: readonly Run[]): Measured => ({
  name,
  perSecond: spreadOf(runs.map(({ load }) => load.perSecond)),
  p50Ms: spreadOf(runs.map(({ load }) => load.p50Ms)).median,
  p99Ms: spreadOf(runs.map(({ load }) => load.p99Ms)).median,
  cpuUs: medianOf(runs.map(({ cpuUs }) => cpuUs)),
  postgresUs: medianOf(runs.map(({ postgresUs }) => postgresUs)),
});

function medianOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : spreadOf(known).median;
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (i: number) => sorted[i] ?? Number.NaN;
  return { median: at(Math.floor(sorted.length / 2)), low: at(0), high: at(sorted.length - 1) };
}

const rounded = (value: number) => Math.round(value).toLocaleString('en');
const inWords = ({ perSecond: { median, low, high }, p50Ms, p99Ms, cpuUs, postgresUs }: Measured) =>
  `${rounded(median)}/s (${rounded(low)}..${rounded(high)}; p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms` +
  `${cpuUs === null ? '' : `; ${rounded(cpuUs)} us of its processor each`}` +
  `${postgresUs === null ? '' : `, ${rounded(postgresUs)} of Postgres`})`;
const ratioInWords = ({ median, low, high }: Spread) => `${median.toFixed(2)} (${low.toFixed(2)}..${high.toFixed(2)})`;

export function linesOf({ what, asked, ours, ceilings }: Row): string[] {
  return [
    `${what}: ${inWords(ours)}`,
    ...ceilings.map((each) => `  ${ratioInWords(each.ratio)} of ${each.name}: ${inWords(each)}`),
    `  asked: ${asked}`,
  ];
}

/** A row of the table in docs/performance.md. */
export function markdownOf({ what, asked, ours, ceilings }: Row): string {
  const bounds = ceilings.map((each) => `${each.name} ${rounded(each.perSecond.median)}/s`).join('<br>');
  const ratios = ceilings.map((each) => ratioInWords(each.ratio)).join('<br>');
  return `| ${what} | ${rounded(ours.perSecond.median)}/s | ${bounds} | ${ratios} | ${asked} |`;
}
