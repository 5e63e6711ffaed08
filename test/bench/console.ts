/**
 * `npm run bench:console [records]`: how long the console's reads take over a store of a million records, beside what
 * DuckDB alone takes to count them.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { defaultLimits } from '../../demo/collector/limits.js';
import { createTables, type EventRow } from '../../demo/collector/schema.js';
import { openStore as openCollectorStore } from '../../demo/collector/store.js';
import type { Filters } from '../../demo/ops/filters.js';
import { readJoins } from '../../demo/ops/joins.js';
import { readOverview } from '../../demo/ops/overview.js';
import { openStore, type Store } from '../../demo/ops/store.js';
import { readSummary } from '../../demo/ops/summary.js';

const dayMs = 86_400_000;
const spanMs = 30 * dayMs;
const targetMs = 150;

const records = Number(process.argv[2] ?? 1_000_000);

/** Two records of each join, one more of every tenth, spread evenly over thirty days. */
const fill = async (path: string, fromMs: number): Promise<void> => {
  const instance = await DuckDBInstance.create(path, { threads: '2' });
  const connection = await instance.connect();
  for (const statement of createTables) await connection.run(statement);
  const joins = Math.round(records / 2.1);
  const stepMs = spanMs / joins;
  const common = (atMs: string, event: string, category: string): string => `select
    uuid()::varchar as uid, '${category}' as category, '${event}' as event_name,
    epoch_ms((${fromMs} + ${atMs})::bigint) as recorded_at, epoch_ms((${fromMs} + ${atMs} + 2000)::bigint) as received_at,
    'JoinLauncher' as service_name, ['Windows', 'macOS', 'Linux'][1 + i % 3] as os, '11' as os_version,
    ['Edge', 'Chrome', 'Firefox', 'Safari'][1 + i % 4] as browser, (150 + i % 6)::varchar as browser_version,
    false as synthetic, 'pool' || lpad((i % 40)::varchar, 2, '0') || '.contoso.com' as pool,
    'contoso.com' as federation_partner, md5(i::varchar)::uuid::varchar as join_id,
    ['native', 'web-app', 'meetings-app', 'phone'][1 + i % 4] as method, '{}'::json as attributes`;
  const at = `i * ${stepMs}`;
  const attempts = `${common(at, 'meeting.join.attempt', 'usage')} from range(${joins}) t(i)`;
  const results = `${common(`${at} + 2500`, 'meeting.join.result', 'usage')},
      case when i % 10 = 0 then 'unexpected_failure' when i % 10 = 1 then 'expected_failure' else 'success' end as result,
      'confirmed' as confidence, (hash(i) % 12000)::bigint as duration_ms, 'connect' as stage,
      case when i % 10 = 0 then 'server_busy' when i % 10 = 1 then 'meeting_not_found' end as error_type,
      case when i % 10 = 0 then '7' when i % 10 = 1 then '6' end as code
    from range(${joins}) t(i)`;
  const reports = `${common(`${at} + 2500`, 'exception', 'error')}, uuid()::varchar as device_id
    from range(0, ${joins}, 10) t(i)`;
  await connection.run(
    `insert into usage by name from (${attempts} union all by name ${results}) order by received_at`,
  );
  await connection.run(`insert into error by name ${reports}`);
  connection.closeSync();
  instance.closeSync();
};

interface Measured {
  runs?: number;
  targetMs?: number;
  /** Before each run, and not counted. */
  prepare?: () => Promise<unknown>;
}

const measure = async (name: string, work: () => Promise<unknown>, how: Measured = {}): Promise<void> => {
  const { runs = 30, targetMs: target, prepare } = how;
  const times: number[] = [];
  await work();
  for (let run = 0; run < runs; run++) {
    await prepare?.();
    const startedAt = performance.now();
    await work();
    times.push(performance.now() - startedAt);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): string => `${Math.round(times[Math.ceil(share * times.length) - 1] ?? 0)} ms`.padStart(8);
  const goal = target === undefined ? '' : `   target p95 ≤ ${target} ms`;
  console.log(`${name.padEnd(50)} p50 ${at(0.5)}   p95 ${at(0.95)}${goal}`);
};

/** An attempt and its result, of just now. */
const newJoin = (): EventRow[] => {
  const nowMs = Date.now();
  const common = {
    category: 'usage' as const,
    received_at: nowMs,
    service_name: 'JoinLauncher',
    pool: 'pool07.contoso.com',
    join_id: randomUUID(),
    synthetic: false,
  };
  const attempt = { ...common, uid: randomUUID(), event_name: 'meeting.join.attempt', recorded_at: nowMs - 2000 };
  const ended = { event_name: 'meeting.join.result', recorded_at: nowMs, result: 'success', duration_ms: 2000 };
  return [attempt, { ...common, uid: randomUUID(), ...ended }];
};

const folder = await mkdtemp(join(tmpdir(), 'mjt-bench-'));
const nowMs = Date.now();
await fill(join(folder, 'events.duckdb'), nowMs - spanMs);
const collected = await openCollectorStore({ dataDir: folder, limits: defaultLimits });
try {
  const [total] = await collected.query('select count(*) as n from events');
  console.log(`${total?.n} records of ${Math.round(records / 2.1)} joins over 30 days\n`);
  const open = (): Store => openStore(() => collected.connect(), collected);
  const store = open();
  await store.read(async () => undefined);
  const [table] = await collected.query(
    "select sum(memory_usage_bytes + temporary_storage_bytes) as bytes from duckdb_memory() where tag = 'IN_MEMORY_TABLE'",
  );
  console.log(`the table of joins takes ${Math.round(Number(table?.bytes) / (records / 2.1))} bytes a join`);
  const always: Filters = { fromMs: undefined, toMs: undefined, equals: {}, synthetic: false };
  const lastDay: Filters = { ...always, fromMs: nowMs - dayMs };
  const onePool: Filters = { ...always, equals: { pool: 'pool07.contoso.com' } };
  const ask = (name: string, filters: Filters, how: Measured = {}): Promise<void> =>
    measure(name, () => store.read(reader => readSummary(reader, filters, nowMs)), { ...how, targetMs });
  await measure('DuckDB alone: distinct join ids', () => collected.query('select count(distinct join_id) from events'));
  let newest = open();
  const readFirst = (fromMs?: number): Promise<unknown> => {
    newest = open();
    return newest.read(async () => undefined, fromMs);
  };
  /** The one before has reached back to the beginning, and is idle. */
  const settle = { runs: 3, prepare: () => newest.read(async () => undefined) };
  await measure('first read after a start: the last two days', () => readFirst(nowMs - 2 * dayMs), settle);
  await measure('first read after a start: since ever', () => readFirst(), settle);
  await ask('summary, since ever (every join)', always);
  await ask('summary, since ever, one pool', onePool);
  await ask('summary, last day and the day before', lastDay);
  await ask('summary, since ever, 100 joins just stored', always, {
    prepare: () => collected.add(Array.from({ length: 100 }, newJoin).flat()),
  });
  await measure('latest 50 joins, last day', () => store.read(reader => readJoins(reader, lastDay, 50)));
  await measure('the whole page, last day', () => store.read(reader => readOverview(reader, lastDay, nowMs)));
  await measure('the whole page, since ever', () => store.read(reader => readOverview(reader, always, nowMs)));
} finally {
  await collected.close();
  await rm(folder, { recursive: true, force: true });
}
