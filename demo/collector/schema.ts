/**
 * The tables of the store, one a category: a row per log record, in the order in which they came. What the console
 * filters or groups by is a typed column; every other declared attribute stands in `attributes`, a JSON object under its
 * OpenTelemetry name. Times are UTC. Nothing else is stored: no address, no cleartext user id, no body, no undeclared
 * attribute. The view `events` is all of them.
 *
 * One a category, because each is kept for its own time: what expires is then the beginning of a table, which goes
 * without a trace of memory. Out of one table of ten millions, DuckDB could not delete the error reports of nine months.
 *
 * There is no unique index on `uid`: with one, 600 000 rows in commits of 2 500 took twice the time (20 to 26 µs a row
 * instead of 10 to 12). `recent-uids.ts` keeps a record from being stored twice.
 */
import { type Category, categories } from 'meeting-join-telemetry/practices.js';

export type ColumnType = 'VARCHAR' | 'TIMESTAMP' | 'BIGINT' | 'DOUBLE' | 'BOOLEAN' | 'JSON';

export interface Column {
  type: ColumnType;
  /** The attribute it holds, where it holds one as it came. */
  attribute?: string;
  about: string;
}

export const columns = {
  uid: { type: 'VARCHAR', attribute: 'log.record.uid', about: 'of the record: never twice in the table' },
  category: { type: 'VARCHAR', about: 'census, usage or error' },
  event_name: { type: 'VARCHAR', about: 'meeting.join.result, …' },
  recorded_at: { type: 'TIMESTAMP', about: 'when it happened, by the client, corrected when its clock was off' },
  received_at: { type: 'TIMESTAMP', about: 'when the collector had it' },
  clock_skew_ms: { type: 'BIGINT', about: 'what was added to recorded_at; null when the clock was right' },
  service_name: { type: 'VARCHAR', attribute: 'service.name', about: 'AppName' },
  os: { type: 'VARCHAR', attribute: 'os.name', about: '' },
  os_version: { type: 'VARCHAR', attribute: 'os.version', about: 'major only, except in census' },
  browser: { type: 'VARCHAR', attribute: 'user_agent.name', about: '' },
  browser_version: { type: 'VARCHAR', attribute: 'user_agent.version', about: 'major only' },
  sdk_version: { type: 'VARCHAR', attribute: 'telemetry.sdk.version', about: 'of the tag that sent it' },
  synthetic: { type: 'BOOLEAN', about: 'user_agent.synthetic.type was there: a test, left out of rates' },
  pool: { type: 'VARCHAR', attribute: 'meeting.pool', about: 'lower case' },
  federation_partner: { type: 'VARCHAR', attribute: 'meeting.federation_partner', about: '' },
  join_id: { type: 'VARCHAR', attribute: 'meeting.join.id', about: 'links attempt, result and error detail' },
  method: { type: 'VARCHAR', attribute: 'meeting.join.method', about: '' },
  result: { type: 'VARCHAR', attribute: 'meeting.join.result', about: '' },
  confidence: { type: 'VARCHAR', attribute: 'meeting.join.confidence', about: 'confirmed or assumed' },
  duration_ms: { type: 'BIGINT', attribute: 'meeting.join.duration_ms', about: 'pauses left out' },
  paused_ms: { type: 'BIGINT', attribute: 'meeting.join.paused_ms', about: '' },
  stage: { type: 'VARCHAR', attribute: 'meeting.join.stage', about: 'the last one reached' },
  error_type: { type: 'VARCHAR', attribute: 'error.type', about: '' },
  code: { type: 'VARCHAR', attribute: 'meeting.join.error.code', about: '' },
  subcode: { type: 'VARCHAR', attribute: 'meeting.join.error.subcode', about: '' },
  device_id: { type: 'VARCHAR', attribute: 'meeting.error.device.id', about: 'random, error category only' },
  error_source: { type: 'VARCHAR', attribute: 'meeting.error.source', about: 'join, script, …' },
  user_hash: { type: 'VARCHAR', about: 'second hash under the first COLLECTOR_KEY' },
  user_hash_previous: { type: 'VARCHAR', about: 'the same under the second one, while two are given' },
  vital_name: { type: 'VARCHAR', attribute: 'browser.web_vital.name', about: '' },
  vital_value: { type: 'DOUBLE', attribute: 'browser.web_vital.value', about: '' },
  dropped_reason: { type: 'VARCHAR', attribute: 'telemetry.dropped.reason', about: '' },
  dropped_count: { type: 'BIGINT', attribute: 'telemetry.dropped.count', about: '' },
  attributes: { type: 'JSON', about: 'the other declared attributes, by their OpenTelemetry names' },
} satisfies Record<string, Column>;

export type ColumnName = keyof typeof columns;

export const columnNames = Object.keys(columns) as ColumnName[];

/** A row before it is stored: times are milliseconds since the epoch. */
export type EventRow = {
  uid: string;
  category: Category;
  event_name: string;
  recorded_at: number;
  received_at: number;
} & {
  [name in ColumnName]?: string | number | boolean | undefined;
};

export const columnOfAttribute: ReadonlyMap<string, ColumnName> = new Map(
  Object.entries(columns).flatMap(([name, column]) =>
    'attribute' in column ? [[column.attribute, name as ColumnName] as const] : [],
  ),
);

const createTable = (category: Category): string => `CREATE TABLE IF NOT EXISTS ${category} (
  ${columnNames.map(name => `${name} ${columns[name].type}`).join(',\n  ')}
)`;

const selectAll = categories.map(category => `SELECT * FROM ${category}`).join(' UNION ALL ');

export const createTables: readonly string[] = [
  ...categories.map(createTable),
  `CREATE VIEW IF NOT EXISTS events AS ${selectAll}`,
];

/** Takes over from 0.2.0, where `events` was the one table. */
export const splitEvents: readonly string[] = [
  'ALTER TABLE events RENAME TO events_of_all',
  ...createTables,
  ...categories.map(category => `INSERT INTO ${category} SELECT * FROM events_of_all WHERE category = '${category}'`),
  'DROP TABLE events_of_all',
];

/** What stands for a column's value in the JSON of a row. */
const jsonTypes: Record<ColumnType, string> = {
  VARCHAR: 'VARCHAR',
  JSON: 'VARCHAR',
  TIMESTAMP: 'BIGINT',
  BIGINT: 'BIGINT',
  DOUBLE: 'DOUBLE',
  BOOLEAN: 'BOOLEAN',
};

const rowShape = JSON.stringify([Object.fromEntries(columnNames.map(name => [name, jsonTypes[columns[name].type]]))]);

const fromRow = (name: ColumnName): string =>
  columns[name].type === 'TIMESTAMP' ? `make_timestamp_ms(entry.${name})` : `entry.${name}`;

/**
 * Inserts the rows of a JSON list. DuckDB takes the list apart on a thread of its own: 2.4 µs a row on ours, where one
 * call for each value of each row took 8.
 */
export const insertRows = (category: Category): string => `INSERT INTO ${category}
  SELECT ${columnNames.map(fromRow).join(', ')}
  FROM (SELECT unnest(from_json($1, '${rowShape}')) AS entry)`;
