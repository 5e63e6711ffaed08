import type { Join, JoinDetail, JoinEvent, JoinResult } from './browser/api.js';
import { joinsMeant } from './conditions.js';
import type { Filters } from './filters.js';
import { type JoinColumn, joinKey, joinsSql } from './joins-sql.js';
import { type Sql, sql, within } from './sql.js';
import type { Reader, Row } from './store.js';

const columns: readonly JoinColumn[] = [
  'join_id',
  'at_ms',
  'last_received_ms',
  'synthetic',
  'pool',
  'method',
  'partner',
  'os',
  'browser',
  'result',
  'confidence',
  'duration_ms',
  'paused_ms',
  'stage',
  'type',
  'code',
  'subcode',
];

const words = (value: unknown): string => (value === null || value === undefined ? '' : String(value));

const numberOrNull = (value: unknown): number | null => (value === null || value === undefined ? null : Number(value));

const toJoin = (row: Row): Join => ({
  id: words(row.join_id),
  atMs: Number(row.at_ms),
  receivedAtMs: Number(row.last_received_ms),
  pool: words(row.pool),
  method: words(row.method),
  result: row.result as JoinResult,
  confidence: words(row.confidence),
  errorType: words(row.type),
  code: words(row.code),
  browser: words(row.browser),
  os: words(row.os),
  stage: words(row.stage),
  durationMs: numberOrNull(row.duration_ms),
  synthetic: row.synthetic === true,
});

/** All that the records say of the joins that were chosen in the table: of few, so only few records are read. */
const readChosen = async (reader: Reader, chosen: Sql, order: string): Promise<Join[]> => {
  await reader.query(`create or replace temp table chosen as ${chosen.text}`, chosen.values);
  const [row] = await reader.query('select min(first_recorded_ms) as first, max(last_recorded_ms) as last from chosen');
  if (row?.first === null) return [];
  const period = within('recorded_at', Number(row?.first), Number(row?.last) + 1);
  const joins = joinsSql(columns, sql(`${joinKey} in (select key from chosen)`), ...period);
  const rows = await reader.query(`${joins.text} order by ${order}`, joins.values);
  return rows.map(toJoin);
};

/** The newest joins first. */
export const readJoins = (reader: Reader, filters: Filters, limit: number): Promise<Join[]> => {
  const { text, values } = joinsMeant(filters);
  const chosen = sql(`select * from ${text} order by at_ms desc, key limit ${limit}`, ...values);
  return readChosen(reader, chosen, 'at_ms desc, join_id');
};

/** The joins of which a record arrived since then, the latest arrival first. */
export const readArrivals = (reader: Reader, filters: Filters, sinceMs: number, limit: number): Promise<Join[]> => {
  const { text, values } = joinsMeant(filters, sql('last_received_ms >= ?', sinceMs));
  const chosen = sql(`select * from ${text} order by last_received_ms desc, key limit ${limit}`, ...values);
  return readChosen(reader, chosen, 'last_received_ms desc, join_id');
};

/** `validate=0;choose=812` as the client writes it; what cannot be read is left out. */
export const parseStages = (text: string): JoinDetail['stages'] =>
  text.split(';').flatMap(part => {
    const [name, at] = part.split('=');
    const atMs = Number(at);
    return name && at && Number.isFinite(atMs) && atMs >= 0 ? [{ name, atMs }] : [];
  });

/** Columns that repeat what the reader sees anyway, or that mean nothing outside the store. */
const hidden = new Set([
  'uid',
  'event_name',
  'recorded_at',
  'received_at',
  'recorded_ms',
  'received_ms',
  'attributes',
  'join_id',
]);

const toEvent = (row: Row): JoinEvent => {
  const attributes: JoinEvent['attributes'] = {};
  for (const [name, value] of Object.entries(row)) {
    if (hidden.has(name) || value === null || value === undefined || value === false) continue;
    attributes[name] = typeof value === 'bigint' ? Number(value) : (value as string | number | boolean);
  }
  const more = JSON.parse(words(row.attributes) || '{}') as JoinEvent['attributes'];
  return {
    uid: words(row.uid),
    name: words(row.event_name),
    recordedAtMs: Number(row.recorded_ms),
    receivedAtMs: Number(row.received_ms),
    attributes: { ...attributes, ...more },
  };
};

/** One join with all that arrived of it; undefined when the store knows nothing of it. */
export const readJoin = async (reader: Reader, id: string): Promise<JoinDetail | undefined> => {
  const rows = await reader.query(
    'select *, epoch_ms(recorded_at) as recorded_ms, epoch_ms(received_at) as received_ms from events where join_id = ? order by recorded_at, received_at',
    [id],
  );
  const joins = joinsSql(columns, sql('join_id = ?', id));
  const [row] = await reader.query(joins.text, joins.values);
  if (!row) return undefined;
  const events = rows.map(toEvent);
  const attribute = (name: string): unknown => events.find(({ attributes }) => name in attributes)?.attributes[name];
  return {
    ...toJoin(row),
    partner: words(row.partner),
    subcode: words(row.subcode),
    pausedMs: numberOrNull(row.paused_ms),
    stages: parseStages(words(attribute('meeting.join.stage_times'))),
    events,
  };
};
