/**
 * `derived.joins`: the joins, one row each, so that a read is a plain filtered aggregate. It stands in memory beside the
 * database, some 60 bytes a join: losing it costs a rebuild and nothing else, and whoever stores events pays nothing for it.
 *
 * Must: hold what `joinsSql` would say of all records, whatever their order, as of the last `update`, which a reader calls
 * first · do nothing while nobody reads: then it forgets which joins changed, and builds anew for the next reader ·
 * stay within the database's memory, however many records there are.
 */
import { isJoinRecord, type JoinColumn, joinKey, joinsSql } from './joins-sql.js';
import { type Sql, sql, within } from './sql.js';
import type { Reader } from './store.js';

/** What of a stored record matters here. */
export interface StoredRecord {
  event_name: string;
  recorded_at: number;
  join_id?: string | number | boolean | undefined;
}

/** Tells of every change after it was committed. */
export interface Changes {
  /** Calls when new records are in the store; the answer stops that. */
  onStored(listener: (records: readonly StoredRecord[]) => void): () => void;
  /** Calls when the records of a category that had arrived before a moment were deleted; the answer stops that. */
  onExpired(listener: (category: string, beforeMs: number) => void): () => void;
}

export interface JoinsTable {
  /** Catches up with everything of which `Changes` has told. */
  update(reader: Reader): Promise<void>;
  /** The next update builds anew, for the database may be another one. */
  forget(): void;
}

const columns: readonly JoinColumn[] = [
  'at_ms',
  'first_recorded_ms',
  'last_recorded_ms',
  'first_received_ms',
  'last_received_ms',
  'synthetic',
  'pool',
  'method',
  'partner',
  'app',
  'os',
  'browser',
  'result',
  'confidence',
  'duration_ms',
  'type',
  'code',
];

export interface JoinsTableLimits {
  /** Put together at once: aggregates over text cannot leave the memory, and take half a kilobyte a join. */
  recordsAtOnce: number;
  joinsAtOnce: number;
  /** More changed joins than this are not remembered: some 10 MB of ids. */
  touched: number;
}

const defaultLimits: JoinsTableLimits = { recordsAtOnce: 120_000, joinsAtOnce: 60_000, touched: 100_000 };

const oldestFirst = (bounds: readonly number[]): Sql[][] =>
  [undefined, ...bounds].map((fromMs, at) => within('recorded_at', fromMs, bounds[at]));

/** Periods of about the same number of records each, in their order. */
const readSlices = async (reader: Reader, { recordsAtOnce }: JoinsTableLimits): Promise<Sql[][]> => {
  const [row] = await reader.query(`select count(*) as n from events where ${isJoinRecord}`);
  const slices = Math.ceil(Number(row?.n ?? 0) / recordsAtOnce);
  if (slices < 2) return [[]];
  const shares = Array.from({ length: slices - 1 }, (_, at) => (at + 1) / slices);
  const [found] = await reader.query(
    `select approx_quantile(epoch_ms(recorded_at), [${shares.join(', ')}]) as bounds from events where ${isJoinRecord}`,
  );
  const bounds = found?.bounds;
  return Array.isArray(bounds) ? oldestFirst(bounds.map(Number)) : [[]];
};

const insert = async (reader: Reader, ...conditions: Sql[]): Promise<void> => {
  const { text, values } = joinsSql(columns, ...conditions);
  await reader.query(`insert into derived.joins ${text}`, values);
};

/** Puts the joins whose keys stand in `touched` together anew, out of the records that meet the conditions. */
const refresh = async (reader: Reader, limits: JoinsTableLimits, ...conditions: Sql[]): Promise<void> => {
  await reader.query('delete from derived.joins where key in (select key from touched)');
  const [row] = await reader.query('select count(*) as n from touched');
  const parts = Math.ceil(Number(row?.n ?? 0) / limits.joinsAtOnce);
  for (let part = 0; part < parts; part++) {
    await insert(reader, sql(`${joinKey} in (select key from touched where key % ${parts} = ${part})`), ...conditions);
  }
};

/** Slice by slice; a join whose records lie in several has several rows then, and is put together once more. */
const build = async (reader: Reader, limits: JoinsTableLimits): Promise<void> => {
  await reader.query("attach if not exists ':memory:' as derived (compress)");
  const { text } = joinsSql(columns, sql('false'));
  await reader.query(`create or replace table derived.joins as ${text}`);
  const slices = await readSlices(reader, limits);
  for (const slice of slices) await insert(reader, ...slice);
  if (slices.length < 2) return;
  await reader.query(
    'create or replace temp table touched as select key from derived.joins group by key having count(*) > 1',
  );
  await refresh(reader, limits);
};

/** What changed since the last update: the ids of joins, and when their new records happened. */
interface Touched {
  ids: Set<string>;
  fromMs: number;
  toMs: number;
  /** Joins of which a record arrived before this have lost it. */
  expiredMs: number;
}

const nothing = (): Touched => ({
  ids: new Set(),
  fromMs: Number.POSITIVE_INFINITY,
  toMs: Number.NEGATIVE_INFINITY,
  expiredMs: 0,
});

/** The records of touched joins happened when the new ones did, or when the table says. */
const readPeriod = async (reader: Reader, { fromMs, toMs }: Touched): Promise<Sql[]> => {
  const [row] = await reader.query(
    `select min(first_recorded_ms) as first, max(last_recorded_ms) as last
    from derived.joins where key in (select key from touched)`,
  );
  const first = Math.min(fromMs, Number(row?.first ?? fromMs));
  const last = Math.max(toMs, Number(row?.last ?? toMs));
  return Number.isFinite(first) ? within('recorded_at', first, last + 1) : [];
};

const catchUp = async (reader: Reader, limits: JoinsTableLimits, touched: Touched): Promise<void> => {
  await reader.query(
    `create or replace temp table touched as select ${joinKey} as key from
    (select unnest(from_json(?, '["VARCHAR"]')) as join_id)`,
    [JSON.stringify([...touched.ids])],
  );
  await reader.query('insert into touched select key from derived.joins where first_received_ms < ?', [
    touched.expiredMs,
  ]);
  await refresh(reader, limits, ...(await readPeriod(reader, touched)));
};

const hasChanged = ({ ids, expiredMs }: Touched): boolean => ids.size > 0 || expiredMs > 0;

const joinEvents: ReadonlySet<string> = new Set(['meeting.join.attempt', 'meeting.join.result']);

export const createJoinsTable = (
  { onStored, onExpired }: Changes,
  limits: JoinsTableLimits = defaultLimits,
): JoinsTable => {
  /** Undefined while there is no table to keep. */
  let touched: Touched | undefined;

  onStored(records => {
    if (touched === undefined) return;
    for (const { event_name, join_id, recorded_at } of records) {
      if (typeof join_id !== 'string' || !joinEvents.has(event_name)) continue;
      touched.ids.add(join_id);
      touched.fromMs = Math.min(touched.fromMs, recorded_at);
      touched.toMs = Math.max(touched.toMs, recorded_at);
    }
    if (touched.ids.size > limits.touched) touched = undefined;
  });
  onExpired((category, beforeMs) => {
    if (touched !== undefined && category === 'usage') touched.expiredMs = Math.max(touched.expiredMs, beforeMs);
  });

  return {
    async update(reader) {
      const changed = touched;
      // What is stored from here on may or may not be seen below, and is looked at again.
      touched = nothing();
      if (changed === undefined) await build(reader, limits);
      else if (hasChanged(changed)) await catchUp(reader, limits, changed);
    },
    forget() {
      touched = undefined;
    },
  };
};
