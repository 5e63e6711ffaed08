/** The figures of demo/scale/README.md. */
import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { gzipSync } from 'node:zlib';
import { defaultRetention } from '../../demo/collector/index.js';
import { exportRequest, logRecord } from '../unit/collector/house.js';
import { engineVersion } from './clickhouse.js';
import type { Hop } from './hops.js';
import { beaconSize, bytesPerEvent, cpuSeconds, load, peakRssMb, percentile } from './load.js';
import { version } from './otelcol.js';
import type { DiskSize, Visit } from './scale-sizing.js';

const warmUpEventsPerSecond = 2000;
const connections = 64;
/** Made before the clock runs: gzip is the page's work. */
const smallBeacons = 20_000;

export interface Measured {
  way: string;
  eventsPerSecond: number;
  cpuPerEventUs: number;
  /** Of beacons of one record each, gzipped, as pages send them. */
  beaconsPerSecond: number;
  cpuPerBeaconUs: number;
  p99Ms: number;
  rssMb: number;
  refused: number;
}

const makeSmall = (): Buffer[] =>
  Array.from({ length: smallBeacons }, () =>
    gzipSync(JSON.stringify(exportRequest('usage', [logRecord('meeting.join.attempt', { 'meeting.join.id': 'one' })]))),
  );

const post = (port: number, agent: Agent, body: Buffer): Promise<number> =>
  new Promise((resolve, reject) => {
    const headers = {
      'Content-Type': 'application/json',
      'Content-Encoding': 'gzip',
      'Content-Length': body.length,
    };
    request({ port, host: '127.0.0.1', path: '/v1/logs', method: 'POST', agent, headers }, answer => {
      answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
    })
      .once('error', reject)
      .end(body);
  });

/** As fast as answers come, until they have all been sent or the time is over. */
const sendSmall = async (port: number, seconds: number) => {
  const bodies = makeSmall();
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  let next = 0;
  let refused = 0;
  const one = async (): Promise<void> => {
    for (let at = next++; at < bodies.length && performance.now() - startedAt < seconds * 1000; at = next++) {
      const sentAt = performance.now();
      if ((await post(port, agent, bodies[at] ?? Buffer.alloc(0))) !== 200) refused += 1;
      latenciesMs.push(performance.now() - sentAt);
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  agent.destroy();
  return { latenciesMs, refused, seconds: (performance.now() - startedAt) / 1000 };
};

const cpuOf = async <T>(hop: Hop, work: () => Promise<T>): Promise<[T, cpuSeconds: number]> => {
  const before = await cpuSeconds(hop.child);
  const done = await work();
  return [done, (await cpuSeconds(hop.child)) - before];
};

export const measure = async (way: string, hop: Hop, seconds: number): Promise<Measured> => {
  await load(hop.port, 1, warmUpEventsPerSecond);
  const [large, largeCpu] = await cpuOf(hop, () => load(hop.port, seconds, undefined));
  const [small, smallCpu] = await cpuOf(hop, () => sendSmall(hop.port, seconds));
  assert.ok(large.events > 0 && small.latenciesMs.length > 0, `${way} carried nothing`);
  return {
    way,
    eventsPerSecond: large.events / large.seconds,
    cpuPerEventUs: (largeCpu / large.events) * 1e6,
    beaconsPerSecond: small.latenciesMs.length / small.seconds,
    cpuPerBeaconUs: (smallCpu / small.latenciesMs.length) * 1e6,
    p99Ms: percentile(small.latenciesMs, 0.99),
    rssMb: await peakRssMb(hop.child),
    refused: large.failed + small.refused,
  };
};

const toLines = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] =>
  [head, head.map((_, at) => (at === 0 ? '---' : '---:')), ...rows].map(cells => `| ${cells.join(' | ')} |`);

const whole = (value: number): string => Math.round(value).toLocaleString('en').replaceAll(',', ' ');

/** Two digits that count. */
const short = (value: number): string => (value >= 100 ? whole(value) : `${Number(value.toPrecision(2))}`);

export const toWays = (measured: readonly Measured[]): string => {
  const machine = `${availableParallelism()} cores (${cpus()[0]?.model.trim()}), load average ${loadavg()[0]?.toFixed(1)}`;
  return [
    `OpenTelemetry Collector ${version}, as fast as answers come; sender, hops and what is behind them share ${machine}. ` +
      `First beacons of ${beaconSize} (${bytesPerEvent.toFixed(0)} bytes an event), as a queue drains; then gzipped ones of one record, as pages send them:`,
    '',
    ...toLines(
      [
        'Way',
        `Events/s, ${beaconSize} a beacon`,
        'CPU per event',
        'Beacons/s of one',
        'CPU per beacon',
        'p99',
        'Peak RSS',
        'Refused',
      ],
      measured.map(each => [
        each.way,
        whole(each.eventsPerSecond),
        `${whole(each.cpuPerEventUs)} µs`,
        whole(each.beaconsPerSecond),
        `${whole(each.cpuPerBeaconUs)} µs`,
        `${whole(each.p99Ms)} ms`,
        `${whole(each.rssMb)} MB`,
        each.refused,
      ]),
    ),
  ].join('\n');
};

export interface Sizing {
  visits: readonly Visit[];
  store: DiskSize;
  engine: DiskSize;
  single: Measured;
  gateway: Measured;
  straight: Measured;
}

/** What nothing here can measure: say your own and scale the columns. The last is what `bench:console` prints for ten million records. */
const assumed = { joinsPerMeeting: 5, busiestHour: 0.2, bytesPerJoinInTable: 40 };

const mostOf = (visits: readonly Visit[], what: 'events' | 'beacons' | 'bytes'): number =>
  Math.max(...visits.map(visit => visit[what]));

const toVisits = (visits: readonly Visit[]): string[] => [
  'A visit to the demo launcher in Chromium, bodies as they travel, gzipped by the tag’s worker:',
  '',
  ...toLines(
    ['Visit', 'Events', 'Beacons', 'Bytes', 'Bytes per event'],
    visits.map(({ name, events, beacons, bytes }) => [name, events, beacons, whole(bytes), whole(bytes / events)]),
  ),
];

const sizingRow = (meetings: number, { visits, store, engine, single, gateway, straight }: Sizing): string[] => {
  const joins = meetings * assumed.joinsPerMeeting;
  const eventsKept = joins * mostOf(visits, 'events') * defaultRetention.usage;
  const beaconsPerSecond = (joins * mostOf(visits, 'beacons') * assumed.busiestHour) / 3600;
  const cores = ({ cpuPerBeaconUs }: Measured): string => short((beaconsPerSecond * cpuPerBeaconUs) / 1e6);
  return [
    whole(meetings),
    short((joins * mostOf(visits, 'events')) / 1e6),
    short(beaconsPerSecond),
    short((joins * mostOf(visits, 'bytes')) / 1e6),
    `${short((beaconsPerSecond / single.beaconsPerSecond) * 100)} %`,
    short((eventsKept * store.bytesPerRecord) / 1e9),
    short((joins * defaultRetention.usage * assumed.bytesPerJoinInTable) / 1e9),
    cores(gateway),
    cores(straight),
    short((eventsKept * engine.bytesPerRecord) / 1e9),
  ];
};

const toDisk = ({ records, bytesPerRecord }: DiskSize): string =>
  `${whole(bytesPerRecord)} bytes a record (${whole(records)} of them)`;

export const toSizing = (sizing: Sizing): string =>
  [
    ...toVisits(sizing.visits),
    '',
    `On disk, made-up traffic takes ${toDisk(sizing.store)} in the collector's own store` +
      `, and ${toDisk(sizing.engine)} in ClickHouse ${engineVersion}, one copy.`,
    '',
    `So, with ${assumed.joinsPerMeeting} joins a meeting, ${assumed.busiestHour * 100} % of a day in its busiest hour, and everything kept for ${defaultRetention.usage} days ` +
      `(the collector keeps census and errors for less), at ${assumed.bytesPerJoinInTable} bytes a join in the console’s table:`,
    '',
    ...toLines(
      [
        'Meetings a day',
        'M events a day',
        'Beacons/s, busiest hour',
        'MB a day sent',
        'One machine like this: busy',
        'its disk, GB',
        'its console’s scratch file, GB',
        'Gateways, cores',
        'Straight, cores',
        'ClickHouse’s disk, GB',
      ],
      [10_000, 100_000, 1_000_000, 10_000_000].map(meetings => sizingRow(meetings, sizing)),
    ),
  ].join('\n');
