/** A figure beside the ceiling that bounds it, measured in the same run. */
export type Figure = {
  name: string;
  unit: string;
  ours: number;
  ceiling: number;
  /** Median over the rounds of ours / ceiling. */
  ratio: number;
  /** Lowest and highest ratio. */
  spread: [number, number];
  rounds: number;
};

export function figureOf(name: string, unit: string, rounds: readonly { ours: number; ceiling: number }[]): Figure {
  const ratios = rounds.map(({ ours, ceiling }) => ours / ceiling);
  return {
    name,
    unit,
    ours: medianOf(rounds.map(({ ours }) => ours)),
    ceiling: medianOf(rounds.map(({ ceiling }) => ceiling)),
    ratio: medianOf(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)],
    rounds: rounds.length,
  };
}

export function medianOf(values: readonly number[]): number {
  return percentileOf(values, 0.5);
}

/** By rank: the smallest value that so large a share of all does not exceed. */
export function percentileOf(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

const rounded = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(value >= 10 ? 1 : 2);

export function inWords({ name, unit, ours, ceiling, ratio, spread, rounds }: Figure): string {
  const range = spread.map(rounded).join(' .. ');
  return `${name}: ${rounded(ours)} ${unit}, beside ${rounded(ceiling)}: ratio ${rounded(ratio)} (${range}, ${rounds} rounds)`;
}
