import type { Figures } from './figures.ts';

/** Counters of what happened since the start, and gauges that are read when they are asked for: Prometheus' text form. */
export type Metrics = {
  count(name: keyof typeof counters, label?: string, by?: number): void;
  text(figures: Figures): string;
};

const counters = {
  registrations: { label: 'way', help: 'registrations that were accepted' },
  registration_refusals: { label: 'reason', help: 'registrations that were refused' },
  calls_allowed: { label: 'direction', help: 'calls that were allowed' },
  call_refusals: { label: 'reason', help: 'calls that were refused' },
  limit_refusals: { label: 'limit', help: 'what was refused as over a limit' },
  limit_dry_refusals: { label: 'limit', help: 'what would have been refused but for the dry run' },
  limit_warnings: { label: 'limit', help: 'what passed the warning threshold of a limit' },
  calls_ended_by_us: { label: 'reason', help: 'calls that the wallet service ended' },
  talked_seconds: { label: 'direction', help: 'how long calls have lasted that are over' },
  records: { label: 'disposition', help: 'calls that are over' },
  pushes: { label: 'result', help: 'sleeping phones that were to be woken' },
  asides: { label: 'reason', help: 'what Kamailio said and nobody understood' },
  verdicts: { label: 'verdict', help: "the API's verdicts on records" },
} as const;

export function createMetrics(): Metrics {
  const values = new Map<string, number>();
  return {
    count: (name, label = '', by = 1) => {
      const key = `krypton_provider_${name}_total{${counters[name].label}="${label.replaceAll(/[\\"\n]/g, '_')}"}`;
      values.set(key, (values.get(key) ?? 0) + by);
    },
    text: (figures) => {
      const names = Object.entries(counters);
      const heads = names.map(([name, { help }]) => {
        const series = `krypton_provider_${name}_total`;
        const own = [...values].filter(([key]) => key.startsWith(`${series}{`)).map(([key, n]) => `${key} ${n}`);
        return [`# HELP ${series} ${help}`, `# TYPE ${series} counter`, ...own];
      });
      const now = Object.entries(figures).map(([name, { help, value }]) => {
        const series = `krypton_provider_${name}`;
        return [`# HELP ${series} ${help}`, `# TYPE ${series} gauge`, `${series} ${value}`];
      });
      return `${[...heads, ...now].flat().join('\n')}\n`;
    },
  };
}
