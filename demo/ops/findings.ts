import type { Dimension, Finding, SeriesPoint } from './browser/api.js';
import { dimensions } from './filters.js';
import { expressionOf } from './joins-sql.js';
import { findOutages, type Outage } from './outages.js';
import type { Reader, Row, Value } from './store.js';

/** The newest ones; who has more outages than this in one period needs no list. */
const maxFindings = 4;

/**
 * By how much a value's share among the failures must exceed its share among the successes to be named as the place.
 * 0.3: a pool that serves half of all joins is named when it has four fifths of the failures.
 */
const minExcess = 0.3;

type Where = { dimension: Dimension; value: string };

const during = 'at_ms >= ? and at_ms < ?';

/** How much more often the value stands among failures than among successes. */
const excessOf = (row: Row, failures: number, successes: number): number =>
  Number(row.failed) / Math.max(1, failures) - Number(row.success) / Math.max(1, successes);

const readExcess = async (
  reader: Reader,
  dimension: Dimension,
  outage: Outage,
): Promise<[Where, number] | undefined> => {
  const rows = await reader.query(
    `select ${expressionOf(dimension)} as value, count(*) filter (result = 'success') as success,
      count(*) filter (result = 'unexpected_failure') as failed from joined where ${during} group by 1`,
    [outage.fromMs, outage.toMs],
  );
  const failures = rows.reduce((sum, row) => sum + Number(row.failed), 0);
  const successes = rows.reduce((sum, row) => sum + Number(row.success), 0);
  let best: [Where, number] | undefined;
  for (const row of rows) {
    const excess = excessOf(row, failures, successes);
    if (excess >= (best?.[1] ?? minExcess)) best = [{ dimension, value: String(row.value) }, excess];
  }
  return best;
};

/** What the failed joins of an outage have in common, and the others not. */
const readWhere = async (reader: Reader, outage: Outage): Promise<Where | undefined> => {
  let best: [Where, number] | undefined;
  for (const dimension of dimensions) {
    const found = await readExcess(reader, dimension, outage);
    if (found && found[1] > (best?.[1] ?? 0)) best = found;
  }
  return best?.[0];
};

const describe = async (reader: Reader, outage: Outage): Promise<Finding> => {
  const where = await readWhere(reader, outage);
  const there = where ? `${during} and ${expressionOf(where.dimension)} = ?` : during;
  const values: Value[] = [outage.fromMs, outage.toMs, ...(where ? [where.value] : [])];
  const [totals] = await reader.query(
    `select count(*) as attempts, count(*) filter (result = 'unexpected_failure') as failures from joined where ${there}`,
    values,
  );
  const [top] = await reader.query(
    `select coalesce(error_type, '') as type, coalesce(code, '') as code from joined
    where ${there} and result = 'unexpected_failure' group by all order by count(*) desc, type limit 1`,
    values,
  );
  const [devices] = await reader.query(
    `select count(distinct device_id) as n from events where event_name = 'exception' and join_id in (
      select join_id from joined where ${there} and result = 'unexpected_failure')`,
    values,
  );
  return {
    ...outage,
    attempts: Number(totals?.attempts ?? 0),
    failures: Number(totals?.failures ?? 0),
    devices: Number(devices?.n ?? 0),
    errorType: String(top?.type ?? ''),
    code: String(top?.code ?? ''),
    ...(where ? { where } : {}),
  };
};

/** What goes on comes first, then what hurt most. */
const byUrgency = (a: Finding, b: Finding): number => Number(b.ongoing) - Number(a.ongoing) || b.failures - a.failures;

/** The outages among the joins gathered in the table `joined`, each with its place and reason. */
export const readFindings = async (
  reader: Reader,
  points: readonly SeriesPoint[],
  stepMs: number,
): Promise<Finding[]> => {
  const health = points.map(({ atMs, success, unexpected_failure }) => ({
    atMs,
    judged: success + unexpected_failure,
    failures: unexpected_failure,
  }));
  const findings: Finding[] = [];
  for (const outage of findOutages(health, stepMs).slice(-maxFindings)) findings.push(await describe(reader, outage));
  return findings.sort(byUrgency);
};
