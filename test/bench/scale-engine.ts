/** Both ways into ClickHouse: nothing acknowledged is lost, nothing counts twice, and the figures are those of our console. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseCollectorKey } from '../../demo/collector/pseudonym.js';
import type { Summary } from '../../demo/ops/browser/api.js';
import { makeTraffic } from '../../demo/ops/seed-traffic.js';
import { exportRequest, logRecord } from '../unit/collector/house.js';
import { type Engine, readStatements, startClickHouse } from './clickhouse.js';
import { deliverAll, send } from './deliver.js';
import {
  collectorKey,
  freePort,
  type Hop,
  opsToken,
  startCollector,
  startConsumer,
  startOtelcol,
  stop,
} from './hops.js';
import { startKafka } from './kafka.js';
import type { DiskSize } from './scale-sizing.js';
import { check } from './scale-ways.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const storedWithinMs = 60_000;
const sendersAtOnce = 16;
/** Of the beacons of made-up traffic, every so many-th is sent twice. */
const twiceEvery = 10;
const beaconsBeforeKill = 200;

/** What one person's client sends in each of the categories that know a person. */
const userId = 'AmosMarble';
const clientHash = 'E296D735-4F36-4E18-7C3B-52E1A02A0164';

const makeBodies = (nowMs: number): string[] => {
  const made = makeTraffic(nowMs);
  for (const { request } of made) {
    // Sent now, an old beacon would have its clock corrected by days.
    for (const { scopeLogs } of request.resourceLogs) for (const { scope } of scopeLogs) scope.attributes = [];
  }
  const person = [
    exportRequest('error', [logRecord('exception', { 'user.id': userId, 'user_agent.synthetic.type': 'test' })]),
    exportRequest('census', [
      logRecord('meeting.census', { 'user.hash': clientHash, 'user_agent.synthetic.type': 'test' }),
    ]),
  ];
  return [...made.map(({ request }) => request), ...person].map(request => JSON.stringify(request));
};

const post = async (port: number, bodies: readonly string[]): Promise<void> => {
  let next = 0;
  const one = async (): Promise<void> => {
    for (let at = next++; at < bodies.length; at = next++) {
      const answer = await send(port, bodies[at]);
      assert.equal(answer.status, 200, await answer.text());
    }
  };
  await Promise.all(Array.from({ length: sendersAtOnce }, one));
};

const uidsIn = (bodies: readonly string[]): Set<string> =>
  new Set(
    bodies.flatMap(body =>
      [...body.matchAll(/"log\.record\.uid","value":\{"stringValue":"([^"]+)"/g)].map(([, uid]) => `${uid}`),
    ),
  );

const openEngine = async (python: string, folder: string): Promise<Engine> => {
  const engine = await startClickHouse(python, folder);
  for (const statement of await readStatements('schema.sql')) await engine.query(statement);
  return engine;
};

const countOf = async ({ query }: Engine, what: string, from: string): Promise<number> => {
  const [row] = await query(`SELECT toUInt32(${what}) AS n FROM ${from}`);
  return Number(row?.n);
};

/** Until as many different records are there as were acknowledged; fewer are lost. */
const whenStored = async (engine: Engine, expected: number): Promise<void> => {
  const deadline = Date.now() + storedWithinMs;
  for (;;) {
    const stored = await countOf(engine, 'uniqExact(Uid)', 'meetings.otel_logs');
    if (stored === expected) return;
    assert.ok(stored < expected, `${stored} records are there, ${expected} were sent`);
    if (Date.now() > deadline) throw new Error(`${expected - stored} records of ${expected} acknowledged are lost`);
    await sleep(200);
  }
};

type Chosen = { pool: string; from: number; to: number };

type Figures = Record<string, number | null>;

const rounded = (figures: Record<string, unknown>): Figures =>
  Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [name, value === null ? null : Number(Number(value).toFixed(9))]),
  );

const readOurs = async (port: number, { pool, from, to }: Chosen): Promise<Figures> => {
  const query = new URLSearchParams({ from: `${from}`, to: `${to}`, synthetic: '1', ...(pool ? { pool } : {}) });
  const answer = await fetch(`http://127.0.0.1:${port}/api/summary?${query}`, {
    headers: { Authorization: `Bearer ${opsToken}` },
  });
  const { attempts, success, expected_failure, unexpected_failure, abandoned, unknown, ...rest } =
    (await answer.json()) as Summary;
  const { joinSuccessRate, serviceSuccessRate, fiveSecondJoinRate, coverage, joinTimeMs } = rest;
  const counts = { attempts, success, expected_failure, unexpected_failure, abandoned, unknown };
  return rounded({ ...counts, joinSuccessRate, serviceSuccessRate, fiveSecondJoinRate, coverage, ...joinTimeMs });
};

const readTheirs = async ({ query }: Engine, chosen: Chosen): Promise<Figures> => {
  const [statement = ''] = await readStatements('summary.sql');
  const [row = {}] = await query(statement, { ...chosen, synthetic: 1 });
  return rounded(row);
};

/** The same figures for all, for one pool, for a part of the day, and for where there is nothing. */
const choices = (nowMs: number): Chosen[] => [
  { pool: '', from: 0, to: nowMs + dayMs },
  { pool: 'pool01.contoso.com', from: 0, to: nowMs + dayMs },
  { pool: 'pool21.fabrikam.com', from: nowMs - 9 * hourMs, to: nowMs - 2 * hourMs },
  { pool: 'nowhere.example', from: 0, to: nowMs },
];

const checkPerson = async ({ query }: Engine): Promise<void> => {
  const { current } = parseCollectorKey(collectorKey);
  const rows = await query(
    `SELECT ScopeName AS scope, LogAttributes['user.hash'] AS hash FROM meetings.records
    WHERE EventName IN ('meeting.census', 'exception') AND hash IN ({error:String}, {census:String}) ORDER BY scope`,
    { error: current('error', userId.toLowerCase()), census: current('census', clientHash) },
  );
  assert.deepEqual(
    rows.map(({ scope }) => scope),
    ['meeting-join-telemetry/census', 'meeting-join-telemetry/error'],
  );
  const [clear] = await query(
    `SELECT toUInt32(count()) AS n FROM meetings.otel_logs WHERE toString(tuple(*)) ILIKE {id:String} OR toString(tuple(*)) LIKE {hash:String}`,
    { id: `%${userId}%`, hash: `%${clientHash}%` },
  );
  assert.equal(clear?.n, 0, 'cleartext is in the engine');
};

const readSize = async (engine: Engine): Promise<DiskSize> => {
  await engine.query('OPTIMIZE TABLE meetings.otel_logs FINAL');
  const [row] = await engine.query(
    `SELECT toUInt32(sum(rows)) AS records, sum(bytes_on_disk) / sum(rows) AS bytes
    FROM system.parts WHERE active AND database = 'meetings' AND table = 'otel_logs'`,
  );
  return { records: Number(row?.records), bytesPerRecord: Number(row?.bytes) };
};

/** What is at hand besides an OpenTelemetry Collector. */
export interface Tools {
  otelcol: string;
  python: string;
  /** The class path of Kafka; undefined: not to be had. */
  kafka: string | undefined;
}

export type Way = 'gateway' | 'straight' | 'straight and through Kafka';

/** The hops of a way in the order in which they start: what is behind first. */
const startHops: Record<Way, (tools: Tools, folder: string, toEngine: NodeJS.ProcessEnv) => Promise<Hop[]>> = {
  gateway: async ({ otelcol }, folder, toEngine) => {
    const behind = await startOtelcol(otelcol, ['behind-gateway.yaml', 'to-clickhouse.yaml'], toEngine);
    return [behind, await startCollector(join(folder, 'gateway'), `http://127.0.0.1:${behind.port}`)];
  },
  straight: async ({ otelcol }, _, toEngine) => [
    await startOtelcol(otelcol, ['otel-collector.yaml', 'to-clickhouse.yaml'], toEngine),
  ],
  'straight and through Kafka': async ({ otelcol, kafka = '' }, folder, toEngine) => {
    const broker = await startKafka(kafka, join(folder, 'kafka'));
    const brokers = { KAFKA_BROKERS: `[127.0.0.1:${broker.port}]` };
    const consumer = startConsumer(otelcol, ['from-kafka.yaml', 'to-clickhouse.yaml'], { ...toEngine, ...brokers });
    return [broker, consumer, await startOtelcol(otelcol, ['otel-collector.yaml', 'to-kafka.yaml'], brokers)];
  },
};

const stopAll = async (hops: readonly Hop[]): Promise<void> => {
  for (const hop of [...hops].reverse()) await stop(hop);
};

interface Compared {
  bodies: readonly string[];
  nowMs: number;
  /** Our collector, which has the same. */
  single: Hop;
}

/** The same traffic as in our own store, into ClickHouse. */
const compare = async (way: Way, tools: Tools, folder: string, compared: Compared): Promise<DiskSize> => {
  const { bodies, nowMs, single } = compared;
  const twice = bodies.filter((_, index) => index % twiceEvery === 0);
  const expected = uidsIn(bodies).size;
  const engine = await openEngine(tools.python, join(folder, 'engine'));
  const toEngine = { CLICKHOUSE_ENDPOINT: engine.endpoint, QUEUE_DIR: join(folder, 'queue') };
  const hops: Hop[] = [engine];
  try {
    hops.push(...(await startHops[way](tools, folder, toEngine)));
    const port = hops.at(-1)?.port ?? 0;
    await post(port, bodies);
    await post(port, twice);
    await whenStored(engine, expected);
    assert.equal(await countOf(engine, 'count()', 'meetings.records'), expected, 'something counts twice');
    await checkPerson(engine);
    for (const chosen of choices(nowMs)) {
      assert.deepEqual(await readTheirs(engine, chosen), await readOurs(single.port, chosen), way);
    }
    const { attempts, joinSuccessRate, p95 } = await readTheirs(engine, { pool: '', from: 0, to: nowMs });
    assert.ok(Number(attempts) > 100, 'too few joins to compare');
    const size = await readSize(engine);
    assert.equal(size.records, expected, 'a record sent twice is still two rows after the merge');
    check(
      `${way} into ClickHouse: ${expected} records, each once though ${uidsIn(twice).size} were sent twice; ` +
        `summary.sql equals /api/summary (${attempts} joins, ${((joinSuccessRate ?? 0) * 100).toFixed(1)} % joined, p95 ${p95} ms)`,
    );
    return size;
  } finally {
    await stopAll(hops);
  }
};

export const checkFigures = async (tools: Tools, ways: readonly Way[], folder: string): Promise<DiskSize> => {
  const nowMs = Date.now();
  const bodies = makeBodies(nowMs);
  const single = await startCollector(join(folder, 'single'));
  let size: DiskSize = { records: 0, bytesPerRecord: 0 };
  try {
    await post(single.port, bodies);
    for (const [at, way] of ways.entries()) {
      size = await compare(way, tools, join(folder, `${at}`), { bodies, nowMs, single });
    }
  } finally {
    await stop(single);
  }
  return size;
};

/** Started without ClickHouse it would leave the events' names out, and nobody would notice. */
export const checkStart = async ({ otelcol }: Tools, folder: string): Promise<void> => {
  const environment = { CLICKHOUSE_ENDPOINT: `http://127.0.0.1:${await freePort()}`, QUEUE_DIR: folder };
  await assert.rejects(
    startOtelcol(otelcol, ['otel-collector.yaml', 'to-clickhouse.yaml'], environment),
    /did not start/,
  );
  check('an OpenTelemetry Collector that cannot ask ClickHouse does not start');
};

/** ClickHouse is away and the OpenTelemetry Collector is killed under load: what it acknowledged is on its disk. */
export const checkQueue = async ({ otelcol, python }: Tools, folder: string): Promise<void> => {
  const data = join(folder, 'engine');
  const engine = await openEngine(python, data);
  const environment = { CLICKHOUSE_ENDPOINT: engine.endpoint, QUEUE_DIR: join(folder, 'queue') };
  const port = await freePort();
  const files = ['otel-collector.yaml', 'to-clickhouse.yaml'];
  const hops: Hop[] = [engine];
  try {
    const first = await startOtelcol(otelcol, files, environment, port);
    hops.push(first);
    const before = await deliverAll(port, beaconsBeforeKill);
    await whenStored(engine, before.uids.length);
    await stop(engine);
    let restarted: Promise<void> | undefined;
    const restart = async (): Promise<void> => {
      await stop(first, 'SIGKILL');
      hops.push(await startClickHouse(python, data, engine.port));
      hops.push(await startOtelcol(otelcol, files, environment, port));
    };
    const during = await deliverAll(port, beaconsBeforeKill, acknowledged => {
      if (acknowledged === beaconsBeforeKill / 2) restarted = restart();
    });
    await restarted;
    assert.ok(during.again > 0, 'the kill hit nothing');
    await whenStored(engine, before.uids.length + during.uids.length);
    const rows = await countOf(engine, 'count()', 'meetings.otel_logs');
    const records = await countOf(engine, 'count()', 'meetings.records');
    assert.equal(records, before.uids.length + during.uids.length);
    check(
      `ClickHouse away, the OpenTelemetry Collector killed under load: ${during.uids.length} events acknowledged ` +
        `meanwhile, 0 lost; ${during.again} beacons sent again, ${rows - records} rows twice, which \`records\` reads once`,
    );
  } finally {
    await stopAll(hops);
  }
};
