import type { Counts, Figures, JoinTimeBucket, JoinTimeInterval, Rate, Summary } from './browser/api.js';
import { joinsMeant } from './conditions.js';
import type { Filters } from './filters.js';
import { sql } from './sql.js';
import { quantileRanks, wilson } from './statistics.js';
import type { Reader, Row } from './store.js';

const fiveSecondsMs = 5000;

/** What a join without a result is called while its result may still be on its way. */
const pendingMs = 120_000;

const figures = `count(*) as attempts,
  count(*) filter (result = 'success') as success,
  count(*) filter (result = 'expected_failure') as expected_failure,
  count(*) filter (result = 'unexpected_failure') as unexpected_failure,
  count(*) filter (result = 'abandoned') as abandoned,
  count(*) filter (result = 'unknown') as unknown,
  quantile_cont(duration_ms, [0.5, 0.95]) filter (result = 'success') as times,
  count(*) filter (result = 'success' and confidence = 'assumed') as assumed,
  count(*) filter (result = 'unknown' and at_ms > ?) as pending,
  count(*) filter (result = 'success' and duration_ms <= ${fiveSecondsMs}) as within_five,
  count(*) filter (result = 'success' and duration_ms < 2000) as under_2,
  count(*) filter (result = 'success' and duration_ms >= 2000 and duration_ms <= ${fiveSecondsMs}) as from_2,
  count(*) filter (result = 'success' and duration_ms > ${fiveSecondsMs} and duration_ms <= 10000) as from_5,
  count(*) filter (result = 'success' and duration_ms > 10000) as over_10`;

export const toCounts = (row: Row): Counts => ({
  attempts: Number(row.attempts),
  success: Number(row.success),
  expected_failure: Number(row.expected_failure),
  unexpected_failure: Number(row.unexpected_failure),
  abandoned: Number(row.abandoned),
  unknown: Number(row.unknown),
});

/** The rates of domain.md, section 5, out of counted results. */
export const toIntervals = (counts: Counts, withinFive: number): Summary['intervals'] => {
  const { attempts, success, expected_failure, unexpected_failure, unknown } = counts;
  return {
    joinSuccessRate: wilson(success, success + expected_failure + unexpected_failure),
    serviceSuccessRate: wilson(success, success + unexpected_failure),
    fiveSecondJoinRate: wilson(withinFive, attempts),
    coverage: wilson(attempts - unknown, attempts),
  };
};

/** A quantile list as DuckDB answers it: null when there is nothing to rank. */
export const toTimes = (times: unknown): { p50: number | null; p95: number | null } => {
  const [p50, p95] = Array.isArray(times) ? (times as (number | null)[]) : [];
  return { p50: p50 ?? null, p95: p95 ?? null };
};

const shares = (buckets: Record<JoinTimeBucket, number>): Record<JoinTimeBucket, Rate> => {
  const total = Object.values(buckets).reduce((sum, n) => sum + n, 0);
  const entries = Object.entries(buckets).map(([name, n]) => [name, wilson(n, total)]);
  return Object.fromEntries(entries) as Record<JoinTimeBucket, Rate>;
};

const toFigures = (row: Row): Figures => {
  const joinTimeBuckets = {
    under2s: Number(row.under_2),
    from2To5s: Number(row.from_2),
    from5To10s: Number(row.from_5),
    over10s: Number(row.over_10),
  };
  const counts = toCounts(row);
  const intervals = toIntervals(counts, Number(row.within_five));
  return {
    ...counts,
    joinSuccessRate: intervals.joinSuccessRate.value,
    serviceSuccessRate: intervals.serviceSuccessRate.value,
    fiveSecondJoinRate: intervals.fiveSecondJoinRate.value,
    coverage: intervals.coverage.value,
    joinTimeMs: toTimes(row.times),
    assumedSuccess: Number(row.assumed),
    pending: Number(row.pending),
    intervals,
    joinTimeBuckets,
    joinTimeShares: shares(joinTimeBuckets),
  };
};

const summarize = async (reader: Reader, filters: Filters, nowMs: number): Promise<Figures> => {
  const joins = joinsMeant(filters);
  const [row] = await reader.query(`select ${figures} from ${joins.text}`, [nowMs - pendingMs, ...joins.values]);
  return toFigures(row ?? {});
};

/** Between which two of the measured join times the quantile lies, with 95 % certainty. */
const readTimeInterval = async (
  reader: Reader,
  filters: Filters,
  times: number,
  q: number,
): Promise<JoinTimeInterval> => {
  const ranks = quantileRanks(times, q);
  if (ranks === undefined) return { low: null, high: null };
  const joins = joinsMeant(filters, sql("result = 'success'"));
  const places = ranks.map(rank => (rank - 1) / (times - 1));
  const [row] = await reader.query(
    `select quantile_cont(duration_ms, [${places.join(', ')}]) as times from ${joins.text}`,
    joins.values,
  );
  const [low, high] = (row?.times ?? []) as number[];
  return { low: Math.round(Number(low)), high: Math.round(Number(high)) };
};

/** The period of the same length just before; undefined for a period without a beginning. */
export const previousPeriod = (filters: Filters, nowMs: number): Filters | undefined => {
  const { fromMs } = filters;
  if (fromMs === undefined) return undefined;
  const lengthMs = (filters.toMs ?? nowMs) - fromMs;
  return lengthMs > 0 ? { ...filters, fromMs: fromMs - lengthMs, toMs: fromMs } : undefined;
};

/** What `/api/summary` answers. */
export const readSummary = async (reader: Reader, filters: Filters, nowMs: number): Promise<Summary> => {
  const figures = await summarize(reader, filters, nowMs);
  const times = Object.values(figures.joinTimeBuckets).reduce((sum, n) => sum + n, 0);
  const summary = {
    ...figures,
    joinTimeIntervals: {
      p50: await readTimeInterval(reader, filters, times, 0.5),
      p95: await readTimeInterval(reader, filters, times, 0.95),
    },
  };
  const before = previousPeriod(filters, nowMs);
  return before ? { ...summary, previous: await summarize(reader, before, nowMs) } : summary;
};
