import { readBreakdowns, restOf } from './breakdowns.js';
import type { Delivery, Failure, JoinResult, LatenessName, Overview, Rest, SeriesPoint, Vital } from './browser/api.js';
import { type Grid, gridOf, utc } from './clock.js';
import { joinsMeant, recordConditions } from './conditions.js';
import type { Filters } from './filters.js';
import { readFindings } from './findings.js';
import { joinKey } from './joins-sql.js';
import { joinSql, type Sql, sql, whereSql } from './sql.js';
import type { Reader, Row } from './store.js';
import { previousPeriod, readSummary, toTimes } from './summary.js';

const minuteMs = 60_000;

/** Lengths of a bucket that people think in. */
const stepsMs = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 10_080, 43_200].map(minutes => minutes * minuteMs);

const maxPoints = 100;
/** A bar of fewer joins than this says nothing about a rate, unless there would be too few bars to see a beginning. */
const minJoinsPerPoint = 6;
const minPoints = 30;
const maxFailures = 16;

const isFitting = (points: number, attempts: number): boolean =>
  points <= maxPoints && (points <= minPoints || attempts / points >= minJoinsPerPoint);

const stepFor = (spanMs: number, attempts: number): number =>
  // Thirty days asked for some milliseconds ago are thirty bars still.
  stepsMs.find(stepMs => isFitting(Math.round(spanMs / stepMs), attempts)) ?? Math.ceil(spanMs / maxPoints);

const results: readonly JoinResult[] = ['success', 'expected_failure', 'unexpected_failure', 'abandoned', 'unknown'];

/** The filters' period, whose open ends are those of the joins; but one that began goes on until now: silence is news. */
const readPeriod = async (reader: Reader, filters: Filters, joins: Sql, nowMs: number): Promise<[number, number]> => {
  const [row] = await reader.query(`select min(at_ms) as first, max(at_ms) as last from ${joins.text}`, joins.values);
  const first = Number(row?.first ?? nowMs);
  const last = Number(row?.last ?? nowMs);
  const endMs = filters.fromMs === undefined ? Math.min(nowMs, last + minuteMs) : nowMs;
  return [filters.fromMs ?? first, filters.toMs ?? Math.max(last + 1, endMs)];
};

const emptyPoint = (atMs: number): SeriesPoint => ({
  atMs,
  success: 0,
  expected_failure: 0,
  unexpected_failure: 0,
  abandoned: 0,
  unknown: 0,
  p50: null,
  p95: null,
});

const toPoint = (atMs: number, row: Row | undefined): SeriesPoint => {
  if (row === undefined) return emptyPoint(atMs);
  const point = { ...emptyPoint(atMs), ...toTimes(row.times) };
  for (const result of results) point[result] = Number(row[result]);
  return point;
};

const readPoints = async (reader: Reader, joins: Sql, grid: Grid): Promise<SeriesPoint[]> => {
  const rows = await reader.query(
    `select ${grid.place.text} as place, ${results.map(result => `count(*) filter (result = '${result}') as ${result}`).join(', ')},
      quantile_cont(duration_ms, [0.5, 0.95]) filter (result = 'success') as times
    from ${joins.text} group by 1 order by 1`,
    [...grid.place.values, ...joins.values],
  );
  const known = new Map(rows.map(row => [Number(row.place), row]));
  return grid.stretches.map(({ place, atMs }) => toPoint(atMs, known.get(place)));
};

const failedJoins = (filters: Filters): Sql => joinsMeant(filters, sql("result not in ('success', 'unknown')"));

const failureKey = (row: Row): string => `${row.type}\n${row.code}\n${row.result}`;

const readPreviousFailures = async (
  reader: Reader,
  filters: Filters,
  nowMs: number,
): Promise<Map<string, number> | undefined> => {
  const before = previousPeriod(filters, nowMs);
  if (!before) return undefined;
  const failed = failedJoins(before);
  const rows = await reader.query(
    `select type, code, result, count(*) as attempts from ${failed.text} group by all`,
    failed.values,
  );
  return new Map(rows.map(row => [failureKey(row), Number(row.attempts)]));
};

/**
 * Failed joins by reason, what an operator can mend first, and on how many devices: those of the error reports that name
 * the joins.
 */
const readFailures = async (
  reader: Reader,
  filters: Filters,
  nowMs: number,
): Promise<{ failures: Failure[]; rest: Rest }> => {
  const failed = failedJoins(filters);
  const rows = await reader.query(
    `with failed as materialized (select key, type, code, result, at_ms from ${failed.text}),
    reasons as (select type, code, result, count(*) as attempts, max(at_ms) as last from failed group by all),
    reports as (select ${joinKey} as key, device_id from events where event_name = 'exception' and join_id is not null),
    affected as (select type, code, result, count(distinct device_id) as devices from failed join reports using (key) group by all)
    select reasons.*, coalesce(devices, 0) as devices, count(*) over () as reasons_in_all, sum(attempts) over () as attempts_in_all
    from reasons left join affected using (type, code, result)
    order by result = 'unexpected_failure' desc, result = 'expected_failure' desc, attempts desc, type limit ${maxFailures}`,
    failed.values,
  );
  const before = await readPreviousFailures(reader, filters, nowMs);
  const failures = rows.map(row => ({
    errorType: String(row.type),
    code: String(row.code),
    result: row.result as JoinResult,
    attempts: Number(row.attempts),
    devices: Number(row.devices),
    lastAtMs: Number(row.last),
    previousAttempts: before ? (before.get(failureKey(row)) ?? 0) : null,
  }));
  const [all] = rows;
  return { failures, rest: restOf(failures, Number(all?.reasons_in_all ?? 0), Number(all?.attempts_in_all ?? 0)) };
};

/** Only these stand in what names no join and no pool: without them a filter would leave nothing of it. */
const ofEnvironment = (filters: Filters): Filters => {
  const { browser, os, app } = filters.equals;
  const equals = Object.entries({ browser, os, app }).filter(([, value]) => value !== undefined);
  return { ...filters, equals: Object.fromEntries(equals) };
};

/** Upper ends, each exclusive. "At once" leaves room for a batch to fill. */
const latenessEndsMs: Record<Exclude<LatenessName, 'later'>, number> = {
  now: 10_000,
  minute: minuteMs,
  hour: 60 * minuteMs,
  day: 1440 * minuteMs,
};

const readDelivery = async (reader: Reader, filters: Filters): Promise<Delivery> => {
  const where = whereSql(recordConditions(filters));
  const { now, minute, hour, day } = latenessEndsMs;
  const [row] = await reader.query(
    `select count(*) filter (late < ${now}) as now,
      count(*) filter (late >= ${now} and late < ${minute}) as minute,
      count(*) filter (late >= ${minute} and late < ${hour}) as hour,
      count(*) filter (late >= ${hour} and late < ${day}) as day,
      count(*) filter (late >= ${day}) as later
    from (select epoch_ms(received_at) - epoch_ms(recorded_at) as late from events ${where.text})`,
    where.values,
  );
  const dropWhere = whereSql([sql("event_name = 'telemetry.dropped'"), ...recordConditions(ofEnvironment(filters))]);
  const dropped = await reader.query(
    `select dropped_reason as reason, sum(dropped_count) as count from events ${dropWhere.text} group by 1 order by 2 desc`,
    dropWhere.values,
  );
  const count = (name: LatenessName): number => Number(row?.[name] ?? 0);
  return {
    lateness: {
      now: count('now'),
      minute: count('minute'),
      hour: count('hour'),
      day: count('day'),
      later: count('later'),
    },
    dropped: dropped.map(({ reason, count: n }) => ({ reason: String(reason ?? ''), count: Number(n ?? 0) })),
  };
};

/** Where "good" ends and "poor" begins. https://web.dev/articles/vitals */
const vitalBounds: Record<string, [number, number]> = {
  lcp: [2500, 4000],
  inp: [200, 500],
  cls: [0.1, 0.25],
  fcp: [1800, 3000],
  ttfb: [800, 1800],
};

const rate = (name: string, p75: number): Vital['rating'] => {
  const [good, poor] = vitalBounds[name] ?? [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (p75 <= good) return 'good';
  return p75 <= poor ? 'needs-improvement' : 'poor';
};

const readVitals = async (reader: Reader, filters: Filters): Promise<Vital[]> => {
  const where = joinSql(
    [sql("event_name = 'browser.web_vital'"), ...recordConditions(ofEnvironment(filters))],
    ' and ',
  );
  const rows = await reader.query(
    `select lower(vital_name) as name, quantile_cont(vital_value, 0.75) as p75, count(*) as samples from events
    where ${where.text} and vital_name is not null and vital_value is not null group by 1 order by 1`,
    where.values,
  );
  return rows.map(row => {
    const name = String(row.name);
    const p75 = Number(row.p75);
    return { name, p75, rating: rate(name, p75), samples: Number(row.samples) };
  });
};

const countSyntheticJoins = async (reader: Reader, filters: Filters): Promise<number> => {
  const joins = joinsMeant({ ...filters, synthetic: true }, sql('synthetic'));
  const [row] = await reader.query(`select count(*) as n from ${joins.text}`, joins.values);
  return Number(row?.n ?? 0);
};

/** A rate over failures alone would be no rate: reason, code and result choose joins, they do not judge them. */
const withoutOutcome = (filters: Filters): Filters => {
  const { type: _, code: __, result: ___, ...equals } = filters.equals;
  return { ...filters, equals };
};

const hasOutcome = ({ equals }: Filters): boolean =>
  equals.type !== undefined || equals.code !== undefined || equals.result !== undefined;

/** Everything the console's one page shows. */
export const readOverview = async (reader: Reader, filters: Filters, nowMs: number): Promise<Overview> => {
  const joins = joinsMeant(filters);
  const period = await readPeriod(reader, filters, joins, nowMs);
  const summary = await readSummary(reader, withoutOutcome(filters), nowMs);
  const stepMs = stepFor(period[1] - period[0], summary.attempts);
  const points = await readPoints(reader, joins, gridOf(filters.clock ?? utc, period, stepMs));
  const [any] = await reader.query('select 1 as any from events limit 1');
  const { failures, rest } = await readFailures(reader, filters, nowMs);
  const { breakdowns, rest: places } = await readBreakdowns(reader, joins);
  return {
    fromMs: filters.fromMs ?? null,
    toMs: period[1],
    summary,
    series: {
      stepMs,
      points,
      findings: hasOutcome(filters) ? [] : await readFindings(reader, filters, { points, stepMs }, summary.previous),
    },
    failures,
    breakdowns,
    rest: { ...places, failures: rest },
    delivery: await readDelivery(reader, filters),
    vitals: await readVitals(reader, filters),
    synthetic: { joins: await countSyntheticJoins(reader, filters), included: filters.synthetic },
    anyEvents: any !== undefined,
  };
};
