import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaultLimits } from '../../../demo/collector/limits.js';
import type { EventRow } from '../../../demo/collector/schema.js';
import { type Store as Collected, openStore as openCollected } from '../../../demo/collector/store.js';
import type { JoinResult, Summary } from '../../../demo/ops/browser/api.js';
import type { Filters } from '../../../demo/ops/filters.js';
import { openStore, type Store } from '../../../demo/ops/store.js';
import { readSummary } from '../../../demo/ops/summary.js';

/** So small that a handful of joins meets each: several slices, several parts, more news than are remembered. */
const tightLimits = { recordsAtOnce: 7, joinsAtOnce: 3, touched: 9 };

const dayMs = 86_400_000;
const startMs = 1_790_000_000_000;
const nowMs = startMs + 30 * dayMs;
const everything: Filters = { fromMs: undefined, toMs: undefined, equals: {}, synthetic: true };

interface House {
  collected: Collected;
  ops: Store;
}

const openHouse = async (dataDir: string): Promise<House> => {
  const collected = await openCollected({ dataDir, limits: defaultLimits });
  return { collected, ops: openStore(() => collected.connect(), collected, tightLimits) };
};

const ask = ({ ops }: House, filters: Filters = everything): Promise<Summary> =>
  ops.read(reader => readSummary(reader, filters, nowMs), filters.fromMs);

/** A record of one of a few joins, which may come in any order and more than once. */
const record = fc.record({
  join: fc.integer({ min: 0, max: 19 }),
  isResult: fc.boolean(),
  atSeconds: fc.integer({ min: 0, max: 20 * 86_400 }),
  result: fc.constantFrom('success', 'success', 'expected_failure', 'unexpected_failure', 'abandoned', 'nonsense'),
  durationMs: fc.integer({ min: 0, max: 20_000 }),
  arrivedMs: fc.integer({ min: 0, max: 20 * dayMs }),
});
type Recorded = typeof record extends fc.Arbitrary<infer T> ? T : never;

/** No two happened in the same millisecond, so that one result is the first. */
const toRow = (recorded: Recorded, serial: number): EventRow => ({
  uid: `record-${serial}`,
  category: 'usage',
  event_name: recorded.isResult ? 'meeting.join.result' : 'meeting.join.attempt',
  recorded_at: startMs + recorded.atSeconds * 1000 + (serial % 1000),
  received_at: startMs + recorded.arrivedMs,
  synthetic: false,
  // Of a join, every record names the same pool.
  pool: recorded.join % 2 === 0 ? 'pool01.contoso.com' : 'pool02.contoso.com',
  join_id: `join-${recorded.join}`,
  ...(recorded.isResult ? { result: recorded.result, duration_ms: recorded.durationMs, confidence: 'confirmed' } : {}),
});

type Step = { put: Recorded[] } | { expireBeforeMs: number } | { restart: true } | { ask: true };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ put: fc.array(record, { minLength: 1, maxLength: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ put: fc.array(record, { minLength: 20, maxLength: 40 }) }) },
  { weight: 2, arbitrary: fc.record({ expireBeforeMs: fc.integer({ min: 0, max: 15 * dayMs }) }) },
  { weight: 1, arbitrary: fc.constant({ restart: true as const }) },
  { weight: 6, arbitrary: fc.constant({ ask: true as const }) },
);

const known: readonly string[] = ['success', 'expected_failure', 'unexpected_failure', 'abandoned'];

const firstOf = (rows: EventRow[]): EventRow | undefined =>
  rows.reduce<EventRow | undefined>((a, b) => (a === undefined || b.recorded_at < a.recorded_at ? b : a), undefined);

const beganMs = (rows: EventRow[]): number => {
  const attempt = firstOf(rows.filter(row => row.event_name === 'meeting.join.attempt'));
  const result = firstOf(rows.filter(row => row.event_name === 'meeting.join.result'));
  return attempt?.recorded_at ?? (result?.recorded_at ?? 0) - Number(result?.duration_ms ?? 0);
};

/** What the rows say, told without a database. */
const count = (rows: EventRow[], { fromMs = 0, toMs = Number.MAX_SAFE_INTEGER, equals }: Filters): Partial<Summary> => {
  const counts = { attempts: 0, success: 0, expected_failure: 0, unexpected_failure: 0, abandoned: 0, unknown: 0 };
  for (const id of new Set(rows.map(row => row.join_id))) {
    const ofJoin = rows.filter(row => row.join_id === id);
    const atMs = beganMs(ofJoin);
    if (atMs < fromMs || atMs >= toMs || (equals.pool ?? ofJoin[0]?.pool) !== ofJoin[0]?.pool) continue;
    const result = firstOf(ofJoin.filter(row => row.result !== undefined))?.result;
    counts.attempts++;
    counts[known.includes(String(result)) ? (result as JoinResult) : 'unknown']++;
  }
  return counts;
};

/** The shortest period first: the table then knows of no more. */
const filters: readonly Filters[] = [
  { ...everything, fromMs: startMs + 18 * dayMs },
  { ...everything, fromMs: startMs + 5 * dayMs, toMs: startMs + 12 * dayMs },
  { ...everything, equals: { pool: 'pool02.contoso.com' } },
  everything,
];

const agree = async (house: House, rows: EventRow[]): Promise<void> => {
  for (const asked of filters) {
    const summary = await ask(house, asked);
    const expected = count(rows, asked);
    const seen = Object.fromEntries(Object.keys(expected).map(name => [name, summary[name as keyof Summary]]));
    assert.deepEqual(seen, expected);
  }
};

test('the table of joins says what all records say, whatever comes, goes and is read in between', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async steps => {
      const dataDir = await mkdtemp(join(tmpdir(), 'joins-table-'));
      let house = await openHouse(dataDir);
      let rows: EventRow[] = [];
      let serial = 0;
      const take: Record<string, (value: Step) => Promise<unknown>> = {
        put: async value => {
          const added = (value as { put: Recorded[] }).put.map(recorded => toRow(recorded, serial++));
          rows.push(...added);
          // The second time all of them are duplicates.
          await house.collected.add(added);
          await house.collected.add(added);
        },
        expireBeforeMs: async value => {
          const beforeMs = startMs + (value as { expireBeforeMs: number }).expireBeforeMs;
          rows = rows.filter(row => row.received_at >= beforeMs);
          await house.collected.expire({ census: 1, usage: 1, error: 1 }, beforeMs + dayMs);
        },
        restart: async () => {
          await house.collected.close();
          house = await openHouse(dataDir);
        },
        ask: () => agree(house, rows),
      };
      try {
        for (const value of steps) for (const name of Object.keys(value)) await take[name]?.(value);
        await agree(house, rows);
      } finally {
        await house.collected.close();
        await rm(dataDir, { recursive: true, force: true });
      }
    }),
    // Each run opens databases: looking for the smallest failing steps would take many minutes.
    { numRuns: 40, endOnFailure: true },
  );
});

test('what is stored while a reader waits for the table is there for the next one', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'joins-table-'));
  const house = await openHouse(dataDir);
  const attempt = (id: number): EventRow =>
    toRow({ join: id, isResult: false, atSeconds: id, result: 'success', durationMs: 0, arrivedMs: id }, id);
  try {
    await house.collected.add(Array.from({ length: 200 }, (_, id) => attempt(id)));
    const building = ask(house);
    await house.collected.add(Array.from({ length: 5 }, (_, id) => attempt(200 + id)));
    await building;
    assert.equal((await ask(house)).attempts, 205);
  } finally {
    await house.collected.close();
    await rm(dataDir, { recursive: true, force: true });
  }
});
