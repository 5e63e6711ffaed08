/**
 * `npm run test:scale`: both ways past one machine, against a real OpenTelemetry Collector.
 *
 *   gateway    the collector with OTEL_EXPORTER_OTLP_ENDPOINT → next hop
 *   straight   an OpenTelemetry Collector with demo/scale/otel-collector.yaml → next hop
 *
 * The next hop is a second OpenTelemetry Collector, which writes a file. The figures go to demo/scale/README.md.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseCollectorKey } from '../../demo/collector/pseudonym.js';
import { exportRequest, logRecord } from '../unit/collector/house.js';
import { beaconSize, bytesPerEvent, cpuSeconds, load, peakRssMb, percentile, type Run } from './load.js';
import { buildOtelcol, NoCollectorError, version } from './otelcol.js';

const collectorKey = 'one key for both ways of 32 characters and more';
const clientHash = 'E296D735-4F36-4E18-7C3B-52E1A02A0164';
const undeclared = '192.0.2.17';
const scaleFolder = new URL('../../../demo/scale/', import.meta.url);
const serveFile = fileURLToPath(new URL('../../demo/serve.js', import.meta.url));
const readmeFile = fileURLToPath(new URL('README.md', scaleFolder));
const startWithinMs = 20_000;
const fileWithinMs = 5000;
const seconds = Number(process.argv[2] ?? 5);

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
};

const send = async (port: number, body: unknown): Promise<{ status: number; text: string }> => {
  const answer = await fetch(`http://127.0.0.1:${port}/v1/logs`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, text: await answer.text() };
};

const answers = async (port: number): Promise<boolean> => {
  const deadline = Date.now() + startWithinMs;
  while (Date.now() < deadline) {
    if (await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)) return true;
    await sleep(100);
  }
  return false;
};

const startOtelcol = async (program: string, file: string, environment: NodeJS.ProcessEnv): Promise<ChildProcess> => {
  const port = Number(/\d+$/.exec(environment.LISTEN ?? '')?.[0]);
  const child = spawn(program, ['--config', fileURLToPath(new URL(file, scaleFolder))], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaints = '';
  child.stderr?.on('data', chunk => {
    complaints = `${complaints}${chunk}`.slice(-4000);
  });
  if (!(await answers(port))) throw new Error(`${file} did not start: ${complaints}`);
  return child;
};

const startGateway = async (dataDir: string, nextHop: string): Promise<{ child: ChildProcess; port: number }> => {
  const child = spawn(process.execPath, [serveFile], {
    env: {
      ...process.env,
      PORT: '0',
      DATA_DIR: dataDir,
      COLLECTOR_KEY: collectorKey,
      OTEL_EXPORTER_OTLP_ENDPOINT: nextHop,
      CLIENT_REQUESTS_PER_SECOND: '1000000',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /:(\d+)\//.exec(line)?.[1];
    if (port !== undefined) return { child, port: Number(port) };
  }
  throw new Error('the gateway did not start');
};

const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
};

const people = () => [
  exportRequest('error', [
    logRecord('exception', { 'user.id': 'AmosMarble', 'error.type': 'timeout', 'client.address': undeclared }),
  ]),
  exportRequest('census', [logRecord('meeting.census', { 'user.hash': clientHash })]),
];

/** The pseudonyms among what the next hop wrote, and that nothing came in cleartext. */
const readPseudonyms = async (file: string, expected: number): Promise<string[]> => {
  const deadline = Date.now() + fileWithinMs;
  for (;;) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const found = [...text.matchAll(/"key":"user\.hash","value":\{"stringValue":"([^"]+)"/g)].map(
      ([, hash]) => `${hash}`,
    );
    if (found.length >= expected || Date.now() > deadline) {
      assert.doesNotMatch(text, /amosmarble|user\.id/i, 'cleartext reached the next hop');
      assert.ok(!text.includes(undeclared), 'an undeclared attribute reached the next hop');
      assert.ok(!text.includes(clientHash), 'a hash of the client reached the next hop');
      return found;
    }
    await sleep(100);
  }
};

const check = (what: string): void => console.log(`ok   ${what}`);

const checkPseudonyms = async (ports: Record<string, number>, out: string): Promise<void> => {
  for (const [way, port] of Object.entries(ports)) {
    for (const body of people()) assert.equal((await send(port, body)).status, 200, way);
  }
  const { current } = parseCollectorKey(collectorKey);
  const one = [current('error', 'amosmarble'), current('census', clientHash)];
  const found = await readPseudonyms(out, 2 * one.length);
  assert.deepEqual(found.toSorted(), [...one, ...one].toSorted());
  check('one person has one pseudonym by either way, and neither cleartext nor what is undeclared arrives');
};

/** While nothing is behind it, a beacon must not be acknowledged, and must be allowed to come again. */
const checkRefusal = async (ports: Record<string, number>): Promise<void> => {
  for (const [way, port] of Object.entries(ports)) {
    const { status } = await send(port, people()[0]);
    assert.ok([429, 502, 503, 504].includes(status), `${way} answered ${status} without a next hop`);
    check(`${way}: ${status} while the next hop is down`);
  }
};

const checkStrangers = async (ports: Record<string, number>, out: string): Promise<void> => {
  const [body] = people();
  const text = JSON.stringify(body).replaceAll('meeting-join-telemetry/error', 'somebody/else');
  for (const port of Object.values(ports)) assert.equal((await send(port, JSON.parse(text))).status, 200);
  await sleep(1000);
  assert.ok(!(await readFile(out, 'utf8')).includes('somebody/else'));
  check('scopes that are not ours do not pass');
};

interface Measured {
  way: string;
  run: Run;
  microsecondsPerEvent: number;
  rssMb: number;
}

const measure = async (way: string, port: number, child: ChildProcess): Promise<Measured> => {
  await load(port, 1, 2000);
  const cpuBefore = await cpuSeconds(child);
  const run = await load(port, seconds, undefined);
  const cpu = (await cpuSeconds(child)) - cpuBefore;
  return { way, run, microsecondsPerEvent: (cpu / Math.max(run.events, 1)) * 1e6, rssMb: await peakRssMb(child) };
};

const toTable = (measured: Measured[]): string => {
  const rows = measured.map(({ way, run, microsecondsPerEvent, rssMb }) =>
    [
      way,
      (run.events / run.seconds).toFixed(0),
      `${percentile(run.latenciesMs, 0.5).toFixed(0)} ms`,
      `${percentile(run.latenciesMs, 0.99).toFixed(0)} ms`,
      `${microsecondsPerEvent.toFixed(0)} µs`,
      `${rssMb.toFixed(0)} MB`,
      run.failed,
    ].join(' | '),
  );
  const machine = `${availableParallelism()} cores (${cpus()[0]?.model.trim()}), load average ${loadavg()[0]?.toFixed(1)}`;
  return [
    `OpenTelemetry Collector ${version}, beacons of ${beaconSize} (${bytesPerEvent.toFixed(0)} bytes an event), as fast as answers come; sender, both hops and the file share ${machine}:`,
    '',
    '| Way | Events/s | p50 | p99 | CPU per event | Peak RSS | Refused |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows.map(row => `| ${row} |`),
  ].join('\n');
};

const markers = /(<!-- figures -->).*(<!-- \/figures -->)/s;

const publish = async (table: string): Promise<void> => {
  const text = await readFile(readmeFile, 'utf8');
  await writeFile(
    readmeFile,
    text.replace(markers, (_, before, after) => `${before}\n\n${table}\n\n${after}`),
  );
};

const runAll = async (program: string, folder: string): Promise<void> => {
  const out = join(folder, 'next-hop.json');
  const nextPort = await freePort();
  const straightPort = await freePort();
  const nextHop = `http://127.0.0.1:${nextPort}`;
  const startNext = () => startOtelcol(program, 'next-hop.yaml', { LISTEN: `127.0.0.1:${nextPort}`, OUT: out });
  const children: ChildProcess[] = [];
  try {
    const environment = { LISTEN: `127.0.0.1:${straightPort}`, NEXT_HOP: nextHop, COLLECTOR_KEY: collectorKey };
    const straight = await startOtelcol(program, 'otel-collector.yaml', environment);
    children.push(straight);
    const gateway = await startGateway(join(folder, 'gateway'), nextHop);
    children.push(gateway.child);
    const ports = { gateway: gateway.port, straight: straightPort };
    await checkRefusal(ports);
    children.push(await startNext());
    await checkPseudonyms(ports, out);
    await checkStrangers(ports, out);
    const measured = [
      await measure('gateway', gateway.port, gateway.child),
      await measure('straight to an OpenTelemetry Collector', straightPort, straight),
    ];
    for (const { way, run } of measured) assert.ok(run.events > 0, `${way} carried nothing`);
    const table = toTable(measured);
    console.log(`\n${table}`);
    await publish(table);
  } finally {
    await Promise.all(children.map(stop));
  }
};

const folder = await mkdtemp(join(tmpdir(), 'scale-'));
try {
  console.log(`building an OpenTelemetry Collector ${version}, or finding the one built before …`);
  await runAll(await buildOtelcol(), folder);
} catch (error) {
  if (!(error instanceof NoCollectorError)) throw error;
  console.log(`skipped: both ways past one machine: no OpenTelemetry Collector here (${error.message})`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
