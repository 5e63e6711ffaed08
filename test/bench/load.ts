/** Beacons as tags send them, many a second, and what the collector's process spends on them. */
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { exportRequest, logRecord } from '../unit/collector/house.js';

export const beaconSize = 50;
const connections = 64;
const templates = 8;
const uidLength = 36;

const makeRecord = (index: number) =>
  logRecord('meeting.join.result', {
    'log.record.uid': 'x'.repeat(uidLength),
    'meeting.join.id': randomUUID(),
    'meeting.join.method': 'native',
    'meeting.pool': 'pool01.contoso.com',
    'meeting.join.result': 'success',
    'meeting.join.confidence': 'assumed',
    'meeting.join.duration_ms': 1000 + index,
    'meeting.join.stage': 'launching',
    'meeting.join.stage_times': 'validate=0;choose=812;launch=2300',
  });

/** Bodies whose uids are replaced for each request: the sender shares the two cores and must cost little. */
const bodies = Array.from({ length: templates }, () => {
  const records = Array.from({ length: beaconSize }, (_, index) => makeRecord(index));
  return JSON.stringify(exportRequest('usage', records)).split('x'.repeat(uidLength));
});

/** Of the results of joins, in OTLP JSON as it travels without gzip. */
export const bytesPerEvent = (bodies[0]?.join('x'.repeat(uidLength)).length ?? 0) / beaconSize;

let sequence = 0;

const nextBody = (): string => {
  sequence += 1;
  const head = randomUUID().slice(0, 28);
  const parts = bodies[sequence % templates] ?? [];
  return parts.reduce(
    (text, part, index) => `${text}${head}${`${sequence * 100 + index}`.slice(-8).padStart(8, '0')}${part}`,
  );
};

export const percentile = (values: number[], share: number): number =>
  values.toSorted((one, other) => one - other)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;

const post = (port: number, agent: Agent, body: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    request({ port, host: '127.0.0.1', path: '/v1/logs', method: 'POST', agent, headers }, answer => {
      answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
    })
      .once('error', reject)
      .end(body);
  });

export interface Run {
  latenciesMs: number[];
  events: number;
  failed: number;
  seconds: number;
  /** What making, sending and timing the beacons took of the processor in this process. */
  senderCpuSeconds: number;
}

/** Requests begin on a fixed schedule (undefined: as fast as answers come), so that a stall counts against whoever waits. */
export const load = async (port: number, seconds: number, eventsPerSecond: number | undefined): Promise<Run> => {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const run: Run = { latenciesMs: [], events: 0, failed: 0, seconds, senderCpuSeconds: 0 };
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const everyMs = eventsPerSecond === undefined ? 0 : (1000 * beaconSize) / eventsPerSecond;
  let begun = 0;
  const one = async (dueAt: number): Promise<void> => {
    const status = await post(port, agent, nextBody()).catch(() => 0);
    run.latenciesMs.push(performance.now() - dueAt);
    if (status === 200) run.events += beaconSize;
    else run.failed += 1;
  };
  const pending = new Set<Promise<void>>();
  while (performance.now() - startedAt < seconds * 1000) {
    const dueAt = everyMs === 0 ? performance.now() : startedAt + begun * everyMs;
    if (everyMs === 0 && pending.size >= connections) await Promise.race(pending);
    else if (dueAt > performance.now()) await sleep(1);
    else {
      begun += 1;
      const sent: Promise<void> = one(dueAt).then(() => void pending.delete(sent));
      pending.add(sent);
    }
  }
  await Promise.all(pending);
  run.seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  run.senderCpuSeconds = (user + system) / 1e6;
  agent.destroy();
  return run;
};

export const peakRssMb = async (child: ChildProcess): Promise<number> => {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
};

/** User and system time of the process; the kernel counts in hundredths. */
export const cpuSeconds = async (child: ChildProcess): Promise<number> => {
  const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
};
