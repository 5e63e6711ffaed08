import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import type { Counts, Figures, JoinResult, Summary } from '../../../demo/ops/browser/api.js';
import { type MemoryHouse, openMemoryHouse, type StoredEvent, token } from './memory-house.js';

const nowMs = 1_790_000_000_000;
const minuteMs = 60_000;

let house: MemoryHouse;

before(async () => {
  house = await openMemoryHouse(() => nowMs);
});
after(() => house.close());
beforeEach(() => house.expire());

/** A join as it really happened; the records of it may be lost or come late. */
interface History {
  startMs: number;
  pool: string;
  browser: string;
  synthetic: boolean;
  hasAttempt: boolean;
  hasResult: boolean;
  result: string;
  durationMs: number;
  pausedMs: number;
  assumed: boolean;
  /** Recorded again, later and differently: a client's mistake. */
  again: 'attempt' | 'result' | undefined;
}

const history: fc.Arbitrary<History> = fc.record({
  startMs: fc.integer({ min: nowMs - 100 * minuteMs, max: nowMs }),
  pool: fc.constantFrom('pool01.contoso.com', 'Pool02.contoso.com', "o'hara.contoso.com"),
  browser: fc.constantFrom('Edge', 'Firefox'),
  synthetic: fc.boolean(),
  hasAttempt: fc.boolean(),
  hasResult: fc.boolean(),
  result: fc.constantFrom(
    'success',
    'success',
    'expected_failure',
    'unexpected_failure',
    'abandoned',
    'unknown',
    'nonsense',
  ),
  durationMs: fc.oneof(fc.constantFrom(1999, 2000, 5000, 10_000), fc.integer({ min: 0, max: 20_000 })),
  pausedMs: fc.constantFrom(0, 0, 7000),
  assumed: fc.boolean(),
  again: fc.constantFrom(...Array.from({ length: 60 }, () => undefined), 'attempt' as const, 'result' as const),
});

const recordsOf = (join: History, at: number): StoredEvent[] => {
  const common = {
    category: 'usage',
    received_at: join.startMs + 30_000,
    join_id: `join-${at}`,
    pool: join.pool.toLowerCase(),
    method: 'web-app',
    browser: join.browser,
    browser_version: '141',
    synthetic: join.synthetic,
  };
  const attempt = { ...common, uid: `a${at}`, event_name: 'meeting.join.attempt', recorded_at: join.startMs };
  const result = {
    ...common,
    uid: `r${at}`,
    event_name: 'meeting.join.result',
    recorded_at: join.startMs + join.durationMs + join.pausedMs,
    paused_ms: join.pausedMs,
    result: join.result,
    duration_ms: join.durationMs,
    confidence: join.assumed ? 'assumed' : 'confirmed',
  };
  const attemptAgain = { ...attempt, uid: `b${at}`, recorded_at: attempt.recorded_at + 5 };
  const resultAgain = { ...result, uid: `s${at}`, recorded_at: result.recorded_at + 5, result: 'abandoned' };
  return [
    ...(join.hasAttempt ? [attempt] : []),
    ...(join.hasAttempt && join.again === 'attempt' ? [attemptAgain] : []),
    ...(join.hasResult && join.again === 'result' ? [resultAgain] : []),
    ...(join.hasResult ? [result] : []),
  ];
};

const known: readonly string[] = ['success', 'expected_failure', 'unexpected_failure', 'abandoned'];

const naiveResult = (join: History): JoinResult =>
  join.hasResult && known.includes(join.result) ? (join.result as JoinResult) : 'unknown';

const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);

/** Linear interpolation between closest ranks, as DuckDB's quantile_cont. */
const quantile = (values: readonly number[], q: number): number | null => {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * q;
  const low = sorted[Math.floor(place)] ?? 0;
  const high = sorted[Math.ceil(place)] ?? 0;
  return low + (high - low) * (place - Math.floor(place));
};

/** The definitions of the rates, written down a second time without a database. */
const naive = (joins: readonly History[]): Partial<Summary> => {
  const counts: Counts = {
    attempts: 0,
    success: 0,
    expected_failure: 0,
    unexpected_failure: 0,
    abandoned: 0,
    unknown: 0,
  };
  for (const join of joins) {
    counts.attempts++;
    counts[naiveResult(join)]++;
  }
  const succeeded = joins.filter(join => naiveResult(join) === 'success');
  const times = succeeded.map(({ durationMs }) => durationMs);
  const { attempts, success, expected_failure, unexpected_failure, unknown } = counts;
  return {
    ...counts,
    joinSuccessRate: ratio(success, success + expected_failure + unexpected_failure),
    serviceSuccessRate: ratio(success, success + unexpected_failure),
    fiveSecondJoinRate: ratio(times.filter(ms => ms <= 5000).length, attempts),
    coverage: ratio(attempts - unknown, attempts),
    joinTimeMs: { p50: quantile(times, 0.5), p95: quantile(times, 0.95) },
    assumedSuccess: succeeded.filter(({ assumed }) => assumed).length,
    pending: joins.filter(join => naiveResult(join) === 'unknown' && join.startMs > nowMs - 2 * minuteMs).length,
    joinTimeBuckets: {
      under2s: times.filter(ms => ms < 2000).length,
      from2To5s: times.filter(ms => ms >= 2000 && ms <= 5000).length,
      from5To10s: times.filter(ms => ms > 5000 && ms <= 10_000).length,
      over10s: times.filter(ms => ms > 10_000).length,
    },
  };
};

const ask = async (query: string): Promise<Summary> => {
  const response = await house.app.request(`/api/summary?${query}`, { headers: { Authorization: `Bearer ${token}` } });
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as Summary;
};

const pick = (summary: Figures, like: Partial<Summary>): Partial<Summary> =>
  Object.fromEntries(Object.keys(like).map(name => [name, summary[name as keyof typeof summary]])) as Partial<Summary>;

const close = (actual: Partial<Summary>, expected: Partial<Summary>): void => {
  const rounded = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value), (_, inner) =>
      typeof inner === 'number' ? Math.round(inner * 1e6) / 1e6 : inner,
    );
  assert.deepEqual(rounded(actual), rounded(expected));
};

test('the summary of random histories is what a naive count says', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(history, { maxLength: 60 }),
      fc.integer({ min: 10, max: 60 }),
      fc.boolean(),
      fc.constantFrom(undefined, 'pool01.contoso.com', 'pool02.contoso.com', "o'hara.contoso.com"),
      fc.constantFrom(undefined, 'Edge 141'),
      async (joins, fromMinutes, synthetic, pool, browser) => {
        await house.expire();
        await house.put(joins.flatMap(recordsOf));
        const toMs = nowMs - 5 * minuteMs;
        const fromMs = toMs - fromMinutes * minuteMs;
        const visible = joins
          .filter(join => join.hasAttempt || join.hasResult)
          .filter(join => synthetic || !join.synthetic)
          .filter(join => pool === undefined || join.pool.toLowerCase() === pool)
          .filter(join => browser === undefined || `${join.browser} 141` === browser);
        const between = (low: number, high: number): Partial<Summary> =>
          naive(visible.filter(({ startMs }) => startMs >= low && startMs < high));
        const query = new URLSearchParams({ from: String(fromMs), to: new Date(toMs).toISOString() });
        if (synthetic) query.set('synthetic', '1');
        if (pool !== undefined) query.set('pool', pool);
        if (browser !== undefined) query.set('browser', browser);
        const summary = await ask(String(query));
        const expected = between(fromMs, toMs);
        close(pick(summary, expected), expected);
        const before = between(fromMs - (toMs - fromMs), fromMs);
        assert.ok(summary.previous);
        close(pick(summary.previous, before), before);
      },
    ),
    { numRuns: 60 },
  );
});

test('attempts are the sum of the results, whatever is lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(history, { maxLength: 40 }), async joins => {
      await house.expire();
      await house.put(joins.flatMap(recordsOf));
      const { attempts, success, expected_failure, unexpected_failure, abandoned, unknown } = await ask('synthetic=1');
      assert.equal(success + expected_failure + unexpected_failure + abandoned + unknown, attempts);
    }),
    { numRuns: 30 },
  );
});

const plainJoin = {
  startMs: nowMs - minuteMs,
  pool: 'pool01.contoso.com',
  browser: 'Edge',
  synthetic: false,
  hasAttempt: true,
  hasResult: true,
  result: 'success',
  durationMs: 1500,
  pausedMs: 0,
  assumed: false,
  again: undefined,
};

test('a second result of a join changes nothing', async () => {
  const [attempt, result] = recordsOf(plainJoin, 1);
  assert.ok(attempt && result);
  const second = { ...result, uid: 'r2', recorded_at: result.recorded_at + 5, result: 'unexpected_failure' };
  await house.put([attempt, second, result]);
  const summary = await ask('');
  assert.equal(summary.attempts, 1);
  assert.equal(summary.success, 1);
});

test('join times say between which of them the true ones lie', async () => {
  const histories = Array.from({ length: 100 }, (_, n) => ({
    ...plainJoin,
    startMs: nowMs - 10 * minuteMs,
    durationMs: (n + 1) * 100,
  }));
  await house.put(histories.flatMap(recordsOf));
  assert.deepEqual((await ask('')).joinTimeIntervals, {
    p50: { low: 4000, high: 6000 },
    p95: { low: 9000, high: 10_000 },
  });
  await house.expire();
  await house.put(histories.slice(0, 3).flatMap(recordsOf));
  const nobodyKnows = { low: null, high: null };
  assert.deepEqual((await ask('')).joinTimeIntervals, { p50: nobodyKnows, p95: nobodyKnows });
});

test('an empty store has no rates, and says so with null', async () => {
  const summary = await ask('pool=pool01.contoso.com');
  assert.equal(summary.attempts, 0);
  assert.equal(summary.joinSuccessRate, null);
  assert.equal(summary.coverage, null);
  assert.deepEqual(summary.joinTimeMs, { p50: null, p95: null });
});

test('a period that cannot be read is refused with the reason', async () => {
  const headers = { Authorization: `Bearer ${token}` };
  for (const query of ['from=yesterday', 'to=x', 'from=2&to=1']) {
    const response = await house.app.request(`/api/summary?${query}`, { headers });
    assert.equal(response.status, 400);
    assert.match(((await response.json()) as { error: string }).error, /from|to/);
  }
});
