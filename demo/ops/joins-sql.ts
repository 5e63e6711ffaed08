import { dimensions, type Filters } from './filters.js';
import type { Value } from './store.js';

/**
 * Joins out of records. An attempt and its result are two records that share `meeting.join.id`; either may be missing:
 * a page that died leaves no result, and a result can outlive its attempt. So a join is what the records of one id
 * say together, and it happened when its attempt began; without one, the result's duration tells when that was.
 */

/** Records of a join lie at most this far from its attempt; a waiting room is patient. */
const joinHorizonMs = 6 * 3_600_000;

/** What a join without a result is called while its result may still be on its way. */
export const pendingMs = 120_000;

/** A piece of SQL and the values its question marks stand for, in their order. */
export interface Sql {
  text: string;
  values: readonly Value[];
}

export const sql = (text: string, ...values: Value[]): Sql => ({ text, values });

export const joinSql = (parts: readonly Sql[], between: string): Sql => ({
  text: parts.map(({ text }) => text).join(between),
  values: parts.flatMap(({ values }) => values),
});

/** Of the first result, should a join have several. Attempts have none of these columns, and null never counts. */
const first = (column: string): string => `arg_min(${column}, recorded_at)`;

/** The columns of a join, each as an aggregate over its records. Only those a query asks for are computed. */
const aggregates = {
  join_id: 'any_value(join_id)',
  received_at_ms: 'epoch_ms(max(received_at))',
  pool: 'any_value(pool)',
  method: 'any_value(method)',
  partner: 'any_value(federation_partner)',
  app: 'any_value(service_name)',
  os_name: 'any_value(os)',
  os_version: 'any_value(os_version)',
  browser_name: 'any_value(browser)',
  browser_version: 'any_value(browser_version)',
  result: first('result'),
  confidence: first('confidence'),
  duration_ms: first('duration_ms'),
  paused_ms: first('paused_ms'),
  stage: first('stage'),
  error_type: first('error_type'),
  code: first('code'),
  subcode: first('subcode'),
} as const;

export type JoinColumn = keyof typeof aggregates;

/** Where each dimension stands: some are put together of two columns. */
const expressions: Record<string, { needs: readonly JoinColumn[]; expression: string }> = {
  pool: { needs: ['pool'], expression: "coalesce(pool, '')" },
  method: { needs: ['method'], expression: "coalesce(method, '')" },
  partner: { needs: ['partner'], expression: "coalesce(partner, '')" },
  app: { needs: ['app'], expression: "coalesce(app, '')" },
  os: {
    needs: ['os_name', 'os_version'],
    expression: "trim(coalesce(os_name, '') || ' ' || coalesce(os_version, ''))",
  },
  browser: {
    needs: ['browser_name', 'browser_version'],
    expression: "trim(coalesce(browser_name, '') || ' ' || coalesce(browser_version, ''))",
  },
  type: { needs: ['error_type'], expression: "coalesce(error_type, '')" },
  code: { needs: ['code'], expression: "coalesce(code, '')" },
  result: { needs: ['result'], expression: 'result' },
};

export const expressionOf = (name: string): string => expressions[name]?.expression ?? "''";

const needsOf = (filters: Filters): JoinColumn[] =>
  Object.keys(filters.equals).flatMap(name => [...(expressions[name]?.needs ?? [])]);

/** All columns that the dimensions need. */
export const dimensionColumns: readonly JoinColumn[] = dimensions.flatMap(name => [
  ...(expressions[name]?.needs ?? []),
]);

const equalities = (filters: Filters): Sql[] =>
  Object.entries(filters.equals).map(([name, value]) => sql(`${expressionOf(name)} = ?`, value ?? ''));

/** The condition that joins began within the period. */
const began = ({ fromMs, toMs }: Filters): Sql[] => [
  ...(fromMs === undefined ? [] : [sql('at_ms >= ?', fromMs)]),
  ...(toMs === undefined ? [] : [sql('at_ms < ?', toMs)]),
];

/** A moment as the table keeps it: the comparison then skips whole blocks of rows. */
export const timestamp = (ms: number): Sql => sql('make_timestamp(cast(? as bigint) * 1000)', ms);

const compare = (operator: string, ms: number | undefined): Sql[] =>
  ms === undefined ? [] : [joinSql([sql(`recorded_at ${operator}`), timestamp(ms)], ' ')];

/** The condition that records happened within the period, give or take. */
const happened = ({ fromMs, toMs }: Filters, slackMs = 0): Sql[] => [
  ...compare('>=', fromMs === undefined ? undefined : fromMs - slackMs),
  ...compare('<', toMs === undefined ? undefined : toMs + slackMs),
];

export const whereSql = (conditions: readonly Sql[]): Sql => {
  if (conditions.length === 0) return sql('');
  const all = joinSql(conditions, ' and ');
  return { text: `where ${all.text}`, values: all.values };
};

const knownResults = "('success', 'expected_failure', 'unexpected_failure', 'abandoned')";

/** What an attempt carries, and so has to be looked for on either side. The rest stands on results alone. */
const onEither: ReadonlySet<JoinColumn> = new Set<JoinColumn>([
  'pool',
  'method',
  'partner',
  'app',
  'os_name',
  'os_version',
  'browser_name',
  'browser_version',
]);

/** The table's names for them, where they differ. */
const storedAs: Partial<Record<JoinColumn, string>> = {
  partner: 'federation_partner',
  app: 'service_name',
  os_name: 'os',
  browser_name: 'browser',
};

const sideSql = (event: string, columns: readonly JoinColumn[], filters: Filters): Sql => {
  const where = whereSql([sql(`event_name = '${event}' and join_id is not null`), ...happened(filters, joinHorizonMs)]);
  const names = columns.map(name => `${storedAs[name] ?? name} as ${name}`);
  return {
    text: `select hash(join_id) as id, recorded_at, synthetic, ${['duration_ms', 'paused_ms', ...names].join(', ')} from events ${where.text}`,
    values: where.values,
  };
};

/**
 * The same joins at half the price, for whoever can do without those columns of which several records may speak: an
 * attempt and its result side by side instead of grouped. That is right only while no join has two of either, as is the
 * rule; `is_simple` of the query's one row tells. `figures` count where `result` is not null, which it is for the joins kept.
 *
 * Two of either show: a pair too many beside the attempts or the results there are, or an id twice among the unpaired.
 */
export const pairedJoinsSql = (filters: Filters, columns: readonly JoinColumn[], figures: Sql): Sql => {
  const wanted = [...new Set<JoinColumn>(['result', ...columns, ...needsOf(filters)])].filter(
    name => name !== 'duration_ms' && name !== 'paused_ms',
  );
  const attempts = sideSql(
    'meeting.join.attempt',
    wanted.filter(name => onEither.has(name)),
    filters,
  );
  const results = sideSql('meeting.join.result', wanted, filters);
  const side = (name: JoinColumn): string => (onEither.has(name) ? `coalesce(a.${name}, r.${name})` : `r.${name}`);
  const kept = joinSql(
    [sql('true'), ...began(filters), ...(filters.synthetic ? [] : [sql('not synthetic')]), ...equalities(filters)],
    ' and ',
  );
  return {
    text: `with a as (${attempts.text}), r as (${results.text}),
    paired as (
      select a.id as attempt_id, r.id as result_id, r.duration_ms, ${wanted.map(name => `${side(name)} as ${name}`).join(', ')},
        coalesce(
          epoch_ms(a.recorded_at),
          epoch_ms(r.recorded_at) - coalesce(r.duration_ms, 0) - coalesce(r.paused_ms, 0)
        ) as at_ms,
        coalesce(a.synthetic, false) or coalesce(r.synthetic, false) as synthetic
      from a full join r on a.id = r.id
    ),
    named as (select * replace (case when result in ${knownResults} then result else 'unknown' end as result) from paired),
    judged as (select * replace (case when ${kept.text} then result end as result) from named)
    select ${figures.text},
      count(attempt_id) = (select count(*) from a) and count(result_id) = (select count(*) from r)
      and count(*) filter (result_id is null) = count(distinct attempt_id) filter (result_id is null)
      and count(*) filter (attempt_id is null) = count(distinct result_id) filter (attempt_id is null) as is_simple
    from judged`,
    values: [...attempts.values, ...results.values, ...kept.values, ...figures.values],
  };
};

/**
 * The joins that began within the filters' period, as a query with the columns `at_ms`, `synthetic`, `result` and
 * those asked for; with `only`, of the records it leaves. Results outside the closed set read as unknown, and so do joins without one.
 *
 * Grouping by a 64-bit hash instead of the id itself halves the time over a million records; two of a billion ids
 * collide with a chance of 3 %.
 */
export const joinsSql = (filters: Filters, columns: readonly JoinColumn[] = [], only?: Sql): Sql => {
  const wanted = [...new Set<JoinColumn>(['result', ...columns, ...needsOf(filters)])];
  const rows = whereSql([
    sql("event_name in ('meeting.join.attempt', 'meeting.join.result') and join_id is not null"),
    ...(only ? [only] : []),
    ...happened(filters, joinHorizonMs),
  ]);
  const joined = `select ${wanted.map(name => `${aggregates[name]} as ${name}`).join(', ')},
    coalesce(
      epoch_ms(min(recorded_at) filter (event_name = 'meeting.join.attempt')),
      epoch_ms(min(recorded_at)) - coalesce(min(duration_ms), 0) - coalesce(min(paused_ms), 0)
    ) as at_ms,
    coalesce(bool_or(synthetic), false) as synthetic
    from events ${rows.text} group by hash(join_id)`;
  const named = `select * replace (case when result in ${knownResults} then result else 'unknown' end as result) from (${joined})`;
  const kept = whereSql([
    ...began(filters),
    ...(filters.synthetic ? [] : [sql('not synthetic')]),
    ...equalities(filters),
  ]);
  return { text: `select * from (${named}) ${kept.text}`, values: [...rows.values, ...kept.values] };
};

/** Conditions on single records, for what is no join. Filters that the record does not carry leave it out. */
export const recordConditions = (filters: Filters): Sql[] => {
  const columns: Record<string, string> = {
    ...Object.fromEntries(Object.entries(expressions).map(([name, { expression }]) => [name, expression])),
    partner: "coalesce(federation_partner, '')",
    app: "coalesce(service_name, '')",
    os: "trim(coalesce(os, '') || ' ' || coalesce(os_version, ''))",
    browser: "trim(coalesce(browser, '') || ' ' || coalesce(browser_version, ''))",
    code: "coalesce(code, '')",
    result: "coalesce(result, '')",
  };
  return [
    ...happened(filters),
    ...(filters.synthetic ? [] : [sql('synthetic is not true')]),
    ...Object.entries(filters.equals).map(([name, value]) => sql(`${columns[name]} = ?`, value ?? '')),
  ];
};
