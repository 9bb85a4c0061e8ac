/** Counters of what happened since the start, and gauges that are read when they are asked for: Prometheus' text form. */
export type Metrics = {
  count(name: keyof typeof counters, label?: string): void;
  text(gauges: Record<string, number | bigint>): string;
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
  records: { label: 'disposition', help: 'calls that are over' },
  asides: { label: 'reason', help: 'what Kamailio said and nobody understood' },
  verdicts: { label: 'verdict', help: "the API's verdicts on records" },
} as const;

export function createMetrics(): Metrics {
  const values = new Map<string, number>();
  return {
    count: (name, label = '') => {
      const key = `krypton_provider_${name}_total{${counters[name].label}="${label.replaceAll(/[\\"\n]/g, '_')}"}`;
      values.set(key, (values.get(key) ?? 0) + 1);
    },
    text: (gauges) => {
      const names = Object.entries(counters);
      const heads = names.map(([name, { help }]) => {
        const series = `krypton_provider_${name}_total`;
        const own = [...values].filter(([key]) => key.startsWith(`${series}{`)).map(([key, n]) => `${key} ${n}`);
        return [`# HELP ${series} ${help}`, `# TYPE ${series} counter`, ...own];
      });
      const now = Object.entries(gauges).map(([name, value]) => {
        return [`# TYPE krypton_provider_${name} gauge`, `krypton_provider_${name} ${value}`];
      });
      return `${[...heads, ...now].flat().join('\n')}\n`;
    },
  };
}
