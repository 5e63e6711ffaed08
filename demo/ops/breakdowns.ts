import type { BreakdownRow, Breakdowns, Dimension, Rest } from './browser/api.js';
import { dimensions } from './filters.js';
import type { Sql } from './sql.js';
import { isSignificantlyLower, wilson } from './statistics.js';
import type { Reader, Row } from './store.js';

/** More values than anyone reads; those that do worse are among them even when they are rare. */
const maxValues = 200;
const maxRows = 10;

interface Tally {
  value: string;
  attempts: number;
  success: number;
  expected: number;
  failed: number;
}

const toTally = (row: Row): Tally => ({
  value: String(row.value),
  attempts: Number(row.attempts),
  success: Number(row.success),
  expected: Number(row.expected),
  failed: Number(row.failed),
});

const toRow = (tally: Tally, success: number, failed: number): BreakdownRow => {
  const judged = tally.success + tally.failed;
  return {
    value: tally.value,
    attempts: tally.attempts,
    failed: tally.failed,
    judged,
    serviceSuccessRate: wilson(tally.success, judged),
    joinSuccessRate: wilson(tally.success, judged + tally.expected),
    worse: isSignificantlyLower(tally.success, judged, success - tally.success, success + failed - judged),
  };
};

export const restOf = (shown: readonly { attempts: number }[], rows: number, attempts: number): Rest => ({
  rows: rows - shown.length,
  attempts: shown.reduce((left, row) => left - row.attempts, attempts),
});

/** What does worse comes first, the most failures foremost; then by joins. */
const byConcern = (a: BreakdownRow, b: BreakdownRow): number =>
  Number(b.worse) - Number(a.worse) || (a.worse ? b.failed - a.failed : b.attempts - a.attempts);

interface Listed {
  rows: BreakdownRow[];
  rest: Rest;
}

const readDimension = async (reader: Reader, joins: Sql, dimension: Dimension): Promise<Listed> => {
  const rows = await reader.query(
    `select ${dimension} as value, count(*) as attempts,
      count(*) filter (result = 'success') as success,
      count(*) filter (result = 'expected_failure') as expected,
      count(*) filter (result = 'unexpected_failure') as failed,
      count(*) over () as values_in_all, sum(attempts) over () as attempts_in_all,
      sum(success) over () as success_in_all, sum(failed) over () as failed_in_all
    from ${joins.text} group by 1 order by attempts desc, value limit ${maxValues}`,
    joins.values,
  );
  const [all] = rows;
  const success = Number(all?.success_in_all ?? 0);
  const failed = Number(all?.failed_in_all ?? 0);
  const shown = rows
    .map(row => toRow(toTally(row), success, failed))
    .sort(byConcern)
    .slice(0, maxRows);
  return { rows: shown, rest: restOf(shown, Number(all?.values_in_all ?? 0), Number(all?.attempts_in_all ?? 0)) };
};

/** Where joins fail: these joins by each dimension. */
export const readBreakdowns = async (
  reader: Reader,
  joins: Sql,
): Promise<{ breakdowns: Breakdowns; rest: Record<Dimension, Rest> }> => {
  const breakdowns: Partial<Breakdowns> = {};
  const rest: Partial<Record<Dimension, Rest>> = {};
  for (const dimension of dimensions) {
    const listed = await readDimension(reader, joins, dimension);
    breakdowns[dimension] = listed.rows;
    rest[dimension] = listed.rest;
  }
  return { breakdowns: breakdowns as Breakdowns, rest: rest as Record<Dimension, Rest> };
};
