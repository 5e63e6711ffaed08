import type { Counts, Dimension, Finding, Series } from './browser/api.js';
import { joinsMeant } from './conditions.js';
import { dimensions, type Filters } from './filters.js';
import { joinKey } from './joins-sql.js';
import { findOutages, type Judged, type Outage } from './outages.js';
import { sql } from './sql.js';
import { isSignificantlyLower } from './statistics.js';
import type { Reader, Row } from './store.js';

/** The newest ones; who has more outages than this in one period needs no list. */
const maxFindings = 4;

/**
 * By how much a value's share among the failures must exceed its share among the successes to be named as the place.
 * 0.3: a pool that serves half of all joins is named when it has four fifths of the failures.
 */
const minExcess = 0.3;

type Where = { dimension: Dimension; value: string };

/** How much more often the value stands among failures than among successes. */
const excessOf = (row: Row, failures: number, successes: number): number =>
  Number(row.failed) / Math.max(1, failures) - Number(row.success) / Math.max(1, successes);

/** Four of five joins on one system are no place when the others fail too: chance makes such fours. */
const isBeyondChance = (row: Row, failures: number, successes: number): boolean => {
  const [success, judged] = [Number(row.success), Number(row.success) + Number(row.failed)];
  return isSignificantlyLower(success, judged, successes - success, successes + failures - judged);
};

const readExcess = async (
  reader: Reader,
  filters: Filters,
  dimension: Dimension,
): Promise<[Where, number] | undefined> => {
  const joins = joinsMeant(filters);
  const rows = await reader.query(
    `select ${dimension} as value, count(*) filter (result = 'success') as success,
      count(*) filter (result = 'unexpected_failure') as failed from ${joins.text} group by 1`,
    joins.values,
  );
  const failures = rows.reduce((sum, row) => sum + Number(row.failed), 0);
  const successes = rows.reduce((sum, row) => sum + Number(row.success), 0);
  let best: [Where, number] | undefined;
  for (const row of rows) {
    const excess = excessOf(row, failures, successes);
    if (excess < (best?.[1] ?? minExcess) || !isBeyondChance(row, failures, successes)) continue;
    best = [{ dimension, value: String(row.value) }, excess];
  }
  return best;
};

/** What the failed joins of an outage have in common, and the others not. */
const readWhere = async (reader: Reader, filters: Filters): Promise<Where | undefined> => {
  let best: [Where, number] | undefined;
  for (const dimension of dimensions) {
    const found = await readExcess(reader, filters, dimension);
    if (found && found[1] > (best?.[1] ?? 0)) best = found;
  }
  return best?.[0];
};

/** On how many devices joins failed: those of the error reports that name the joins. */
const countDevices = async (reader: Reader, filters: Filters): Promise<number> => {
  const failed = joinsMeant(filters, sql("result = 'unexpected_failure'"));
  const [row] = await reader.query(
    `select count(distinct device_id) as n from events
    where event_name = 'exception' and ${joinKey} in (select key from ${failed.text})`,
    failed.values,
  );
  return Number(row?.n ?? 0);
};

const describe = async (reader: Reader, filters: Filters, outage: Outage): Promise<Finding> => {
  const during = { ...filters, fromMs: outage.fromMs, toMs: outage.toMs };
  const where = await readWhere(reader, during);
  const there = where ? { ...during, equals: { ...during.equals, [where.dimension]: where.value } } : during;
  const joins = joinsMeant(there);
  const [totals] = await reader.query(
    `select count(*) as attempts, count(*) filter (result = 'unexpected_failure') as failures from ${joins.text}`,
    joins.values,
  );
  const failed = joinsMeant(there, sql("result = 'unexpected_failure'"));
  const [top] = await reader.query(
    `select type, code, count(*) as n from ${failed.text} group by type, code order by n desc, type limit 1`,
    failed.values,
  );
  return {
    ...outage,
    attempts: Number(totals?.attempts ?? 0),
    failures: Number(totals?.failures ?? 0),
    devices: await countDevices(reader, there),
    errorType: String(top?.type ?? ''),
    code: String(top?.code ?? ''),
    ofReason: Number(top?.n ?? 0),
    ...(where ? { where } : {}),
  };
};

/** What goes on comes first, then what hurt most. */
const byUrgency = (a: Finding, b: Finding): number => Number(b.ongoing) - Number(a.ongoing) || b.failures - a.failures;

const toHealth = ({ success, unexpected_failure }: Pick<Counts, 'success' | 'unexpected_failure'>): Judged => ({
  judged: success + unexpected_failure,
  failures: unexpected_failure,
});

/** The outages among the joins that are meant, each with its place and reason. */
export const readFindings = async (
  reader: Reader,
  filters: Filters,
  { points, stepMs }: Pick<Series, 'points' | 'stepMs'>,
  before: Counts | undefined,
): Promise<Finding[]> => {
  const health = points.map(point => ({ atMs: point.atMs, ...toHealth(point) }));
  const findings: Finding[] = [];
  for (const outage of findOutages(health, stepMs, before && toHealth(before)).slice(-maxFindings))
    findings.push(await describe(reader, filters, outage));
  return findings.sort(byUrgency);
};
