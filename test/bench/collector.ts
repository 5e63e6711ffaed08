/**
 * What the collector holds, beside what the disk and DuckDB alone do on the same machine in the same minute.
 *   npm run bench:collector [-- seconds]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { beaconSize, cpuSeconds, load, peakRssMb, percentile } from './load.js';

const serve = fileURLToPath(new URL('../../demo/serve.js', import.meta.url));
const target = { eventsPerSecond: 20_000, p99Ms: 250, rssMb: 400 };
const warmUpSeconds = 2;
const seconds = Number(process.argv[2] ?? 10);

const start = async (dataDir: string): Promise<{ child: ChildProcess; port: number }> => {
  // With the flag of `npm start`.
  const child = spawn(process.execPath, ['--max-semi-space-size=4', serve], {
    env: { ...process.env, PORT: '0', DATA_DIR: dataDir, CLIENT_REQUESTS_PER_SECOND: '1000000' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout ?? process.stdin })) {
    const port = /:(\d+)\//.exec(line)?.[1];
    if (port !== undefined) return { child, port: Number(port) };
  }
  throw new Error('the harness did not start');
};

const fsyncsPerSecond = async (dataDir: string): Promise<number> => {
  const handle = await open(join(dataDir, 'fsync'), 'w');
  const page = Buffer.alloc(4096, 1);
  const startedAt = performance.now();
  let count = 0;
  for (; performance.now() - startedAt < 2000; count += 1) {
    await handle.write(page);
    await handle.datasync();
  }
  await handle.close();
  return count / 2;
};

/** The same number of columns from memory, nothing else to do: 1 000 rows a commit. */
const duckdbRowsPerSecond = async (dataDir: string): Promise<number> => {
  const instance = await DuckDBInstance.create(join(dataDir, 'alone.duckdb'), { threads: '2' });
  const connection = await instance.connect();
  const columns = Array.from({ length: 34 }, (_, index) => `c${index} VARCHAR`);
  await connection.run(`CREATE TABLE alone (${columns.join(', ')})`);
  const startedAt = performance.now();
  let rows = 0;
  while (performance.now() - startedAt < 3000) {
    await connection.run('BEGIN');
    const appender = await connection.createAppender('alone');
    for (let row = 0; row < 1000; row += 1) {
      for (let column = 0; column < 17; column += 1) appender.appendVarchar(`value ${row}`);
      for (let column = 17; column < 34; column += 1) appender.appendNull();
      appender.endRow();
    }
    appender.closeSync();
    await connection.run('COMMIT');
    rows += 1000;
  }
  const perSecond = (rows / (performance.now() - startedAt)) * 1000;
  connection.closeSync();
  instance.closeSync();
  return perSecond;
};

const line = (name: string, text: string): void => console.log(`${name.padEnd(34)}${text}`);

/** One load, and what it took of the processor on either side. */
const measure = async (
  name: string,
  { child, port }: { child: ChildProcess; port: number },
  eventsPerSecond?: number,
): Promise<void> => {
  const cpuBefore = await cpuSeconds(child);
  const { latenciesMs, events, failed, seconds: took, senderCpuSeconds } = await load(port, seconds, eventsPerSecond);
  const collectorCpuSeconds = (await cpuSeconds(child)) - cpuBefore;
  const at = (share: number): string => `${percentile(latenciesMs, share).toFixed(0)} ms`;
  const cpu = (spent: number): string =>
    `${((spent / events) * 1e6).toFixed(1)} µs/event, ${(spent / took).toFixed(2)} cores`;
  line(
    name,
    `${(events / took).toFixed(0)} events/s  p50 ${at(0.5)}  p95 ${at(0.95)}  p99 ${at(0.99)}  max ${at(1)}  failed ${failed}`,
  );
  line('  CPU of the collector', cpu(collectorCpuSeconds));
  line('  CPU of the sender beside it', cpu(senderCpuSeconds));
};

const dataDir = await mkdtemp(join(tmpdir(), 'bench-collector-'));
try {
  line('disk alone', `${(await fsyncsPerSecond(dataDir)).toFixed(0)} synced 4 KiB writes/s`);
  line('DuckDB alone, 1 000 rows a commit', `${(await duckdbRowsPerSecond(dataDir)).toFixed(0)} rows/s`);
  const collector = await start(dataDir);
  const { child, port } = collector;
  await load(port, warmUpSeconds, target.eventsPerSecond / 2);
  const printRss = async () => line('  collector peak RSS by then', `${(await peakRssMb(child)).toFixed(0)} MB`);
  await measure(`offered ${target.eventsPerSecond}/s in beacons of ${beaconSize}`, collector, target.eventsPerSecond);
  await printRss();
  await measure('as fast as answers come', collector);
  await printRss();
  line(
    'machine',
    `${availableParallelism()} cores, load average ${loadavg()[0]?.toFixed(1)}: others' work counts against every line above`,
  );
  line('target', `${target.eventsPerSecond} events/s  p99 < ${target.p99Ms} ms  RSS ≤ ${target.rssMb} MB`);
  child.kill('SIGTERM');
  await once(child, 'exit');
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
