import type { BreakdownRow, Breakdowns, Dimension } from './browser/api.js';
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
    serviceSuccessRate: wilson(tally.success, judged),
    joinSuccessRate: wilson(tally.success, judged + tally.expected),
    worse: isSignificantlyLower(tally.success, judged, success - tally.success, success + failed - judged),
  };
};

/** What does worse comes first, the most failures foremost; then by joins. */
const byConcern = (a: BreakdownRow, b: BreakdownRow): number =>
  Number(b.worse) - Number(a.worse) || (a.worse ? b.failed - a.failed : b.attempts - a.attempts);

const readDimension = async (reader: Reader, joins: Sql, dimension: Dimension): Promise<BreakdownRow[]> => {
  const rows = await reader.query(
    `select ${dimension} as value, count(*) as attempts,
      count(*) filter (result = 'success') as success,
      count(*) filter (result = 'expected_failure') as expected,
      count(*) filter (result = 'unexpected_failure') as failed
    from ${joins.text} group by 1 order by attempts desc, value limit ${maxValues}`,
    joins.values,
  );
  const tallies = rows.map(toTally);
  const success = tallies.reduce((sum, tally) => sum + tally.success, 0);
  const failed = tallies.reduce((sum, tally) => sum + tally.failed, 0);
  return tallies
    .map(tally => toRow(tally, success, failed))
    .sort(byConcern)
    .slice(0, maxRows);
};

/** Where joins fail: these joins by each dimension. */
export const readBreakdowns = async (reader: Reader, joins: Sql): Promise<Breakdowns> => {
  const breakdowns: Partial<Breakdowns> = {};
  for (const dimension of dimensions) breakdowns[dimension] = await readDimension(reader, joins, dimension);
  return breakdowns as Breakdowns;
};
