/** The figures of demo/scale/README.md. */
import assert from 'node:assert/strict';
import { availableParallelism, cpus, loadavg } from 'node:os';
import type { Hop } from './hops.js';
import { beaconSize, bytesPerEvent, cpuSeconds, load, peakRssMb, percentile, type Run } from './load.js';
import { version } from './otelcol.js';

const warmUpEventsPerSecond = 2000;

export interface Measured {
  way: string;
  run: Run;
  microsecondsPerEvent: number;
  rssMb: number;
}

export const measure = async (way: string, { port, child }: Hop, seconds: number): Promise<Measured> => {
  await load(port, 1, warmUpEventsPerSecond);
  const cpuBefore = await cpuSeconds(child);
  const run = await load(port, seconds, undefined);
  const cpu = (await cpuSeconds(child)) - cpuBefore;
  assert.ok(run.events > 0, `${way} carried nothing`);
  return { way, run, microsecondsPerEvent: (cpu / run.events) * 1e6, rssMb: await peakRssMb(child) };
};

const toRow = ({ way, run, microsecondsPerEvent, rssMb }: Measured): string =>
  [
    way,
    (run.events / run.seconds).toFixed(0),
    `${percentile(run.latenciesMs, 0.5).toFixed(0)} ms`,
    `${percentile(run.latenciesMs, 0.99).toFixed(0)} ms`,
    `${microsecondsPerEvent.toFixed(0)} µs`,
    `${rssMb.toFixed(0)} MB`,
    run.failed,
  ].join(' | ');

export const toTable = (measured: readonly Measured[]): string => {
  const machine = `${availableParallelism()} cores (${cpus()[0]?.model.trim()}), load average ${loadavg()[0]?.toFixed(1)}`;
  return [
    `OpenTelemetry Collector ${version}, beacons of ${beaconSize} (${bytesPerEvent.toFixed(0)} bytes an event), as fast as answers come; sender, both hops and the file share ${machine}:`,
    '',
    '| Way | Events/s | p50 | p99 | CPU per event | Peak RSS | Refused |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...measured.map(each => `| ${toRow(each)} |`),
  ].join('\n');
};
