import type { Filters } from './filters.js';
import { joinSql, type Sql, sql, whereSql, within } from './sql.js';

/** The condition that a join is meant, by the columns of `derived.joins`: dimensions and reasons bear the filters' names. */
const joinConditions = ({ fromMs, toMs, synthetic, equals }: Filters): Sql[] => [
  ...(fromMs === undefined ? [] : [sql('at_ms >= ?', fromMs)]),
  ...(toMs === undefined ? [] : [sql('at_ms < ?', toMs)]),
  ...(synthetic ? [] : [sql('not synthetic')]),
  ...Object.entries(equals).map(([name, value]) => sql(`${name} = ?`, value ?? '')),
];

/** What stands behind `from` to read the joins that are meant. */
export const joinsMeant = (filters: Filters, ...more: Sql[]): Sql =>
  joinSql([sql('derived.joins'), whereSql([...joinConditions(filters), ...more])], ' ');

/** The filters' names as single records have them. */
const recordExpressions: Record<string, string> = {
  pool: "coalesce(pool, '')",
  method: "coalesce(method, '')",
  partner: "coalesce(federation_partner, '')",
  app: "coalesce(service_name, '')",
  os: "trim(coalesce(os, '') || ' ' || coalesce(os_version, ''))",
  browser: "trim(coalesce(browser, '') || ' ' || coalesce(browser_version, ''))",
  type: "coalesce(error_type, '')",
  code: "coalesce(code, '')",
  result: "coalesce(result, '')",
};

/** Conditions on single records, for what is no join. Filters that the record does not carry leave it out. */
export const recordConditions = ({ fromMs, toMs, synthetic, equals }: Filters): Sql[] => [
  ...within('recorded_at', fromMs, toMs),
  ...(synthetic ? [] : [sql('synthetic is not true')]),
  ...Object.entries(equals).map(([name, value]) => sql(`${recordExpressions[name]} = ?`, value ?? '')),
];
