/** The collector's own numbers, in Prometheus' text format. https://prometheus.io/docs/instrumenting/exposition_formats/ */
export interface Metrics {
  add(name: CounterName, count: number, label?: string): void;
  observeMs(durationMs: number): void;
  print(gauges: Record<string, number>): string;
}

const counters = {
  requests_total: { help: 'Export requests by status.', label: 'status' },
  records_stored_total: { help: 'Log records stored.', label: '' },
  records_duplicate_total: { help: 'Log records received again and not stored again.', label: '' },
  records_refused_total: { help: 'Log records refused, by reason.', label: 'reason' },
  records_forwarded_total: { help: 'Log records the next hop acknowledged.', label: '' },
  attributes_stripped_total: { help: 'Attributes left out because undeclared.', label: '' },
  expiry_failures_total: { help: 'Times that what is too old could not be deleted.', label: '' },
  received_bytes_total: { help: 'Bytes of bodies received.', label: '' },
} as const;

export type CounterName = keyof typeof counters;

const prefix = 'meeting_join_collector_';
const bucketsMs = [5, 10, 25, 50, 100, 250, 500, 1000, 2500];

const printHistogram = (counts: number[], sumMs: number): string[] => {
  const name = `${prefix}request_duration_seconds`;
  let total = 0;
  const lines = bucketsMs.map((boundMs, index) => {
    total += counts[index] ?? 0;
    return `${name}_bucket{le="${boundMs / 1000}"} ${total}`;
  });
  total += counts[bucketsMs.length] ?? 0;
  return [
    `# HELP ${name} Time from request to durable acknowledgement.`,
    `# TYPE ${name} histogram`,
    ...lines,
    `${name}_bucket{le="+Inf"} ${total}`,
    `${name}_sum ${sumMs / 1000}`,
    `${name}_count ${total}`,
  ];
};

export const createMetrics = (): Metrics => {
  const values = new Map<CounterName, Map<string, number>>();
  const counts: number[] = Array.from({ length: bucketsMs.length + 1 }, () => 0);
  let sumMs = 0;

  const printCounter = (name: CounterName): string[] => {
    const { help, label } = counters[name];
    const samples = values.get(name) ?? new Map(label === '' ? [['', 0]] : []);
    return [
      `# HELP ${prefix}${name} ${help}`,
      `# TYPE ${prefix}${name} counter`,
      ...[...samples].map(
        ([value, count]) => `${prefix}${name}${label === '' ? '' : `{${label}="${value}"}`} ${count}`,
      ),
    ];
  };

  return {
    add(name, count, label = '') {
      const samples = values.get(name) ?? new Map<string, number>();
      samples.set(label, (samples.get(label) ?? 0) + count);
      values.set(name, samples);
    },
    observeMs(durationMs) {
      const index = bucketsMs.findIndex(boundMs => durationMs <= boundMs);
      const slot = index < 0 ? bucketsMs.length : index;
      counts[slot] = (counts[slot] ?? 0) + 1;
      sumMs += durationMs;
    },
    print: gauges =>
      [
        ...(Object.keys(counters) as CounterName[]).flatMap(printCounter),
        ...printHistogram(counts, sumMs),
        ...Object.entries(gauges).flatMap(([name, value]) => [
          `# TYPE ${prefix}${name} gauge`,
          `${prefix}${name} ${value}`,
        ]),
        '',
      ].join('\n'),
  };
};
