/**
 * `derived.joins`: the joins, one row each, so that a read is a plain filtered aggregate. It stands beside the database,
 * some 40 bytes a join in memory and beyond that in a scratch file: losing it costs a rebuild and nothing else, and
 * whoever stores events pays nothing for it.
 *
 * It is built backwards: the newest joins first, which is what people look at; `extend` goes on from there, and of ten
 * million records the first read then waits for a second instead of twenty.
 *
 * Must: hold what `joinsSql` would say of all records, whatever their order, of every join that began at or after the
 * moment that a reader names, as of the last `update`, which it calls first · do nothing while nobody reads: then it
 * forgets which joins changed, and builds anew for the next reader · stay within the database's memory, however many
 * records there are.
 */
import { isJoinRecord, type JoinColumn, joinKey, joinsSql } from './joins-sql.js';
import { joinSql, type Sql, sql, within } from './sql.js';
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
  /** Catches up with everything of which `Changes` has told, and reaches back to the joins that began at `fromMs`. */
  update(reader: Reader, fromMs: number): Promise<void>;
  /** Reaches back one step further. @returns whether there is more */
  extend(reader: Reader): Promise<boolean>;
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

/** Before every moment there is, and still a number to DuckDB. */
const always = -8.64e15;

/** A bound for a condition; none where there is no end. */
const finite = (ms: number): number | undefined => (Number.isFinite(ms) && ms > always ? ms : undefined);

const defaultLimits: JoinsTableLimits = { recordsAtOnce: 80_000, joinsAtOnce: 40_000, touched: 100_000 };

/** The periods' beginnings, newest first, each of about the same number of records. The last one is the beginning of all. */
const readBounds = async (reader: Reader, { recordsAtOnce }: JoinsTableLimits): Promise<number[]> => {
  const [row] = await reader.query('select count(*) as n from usage');
  const parts = Math.ceil(Number(row?.n ?? 0) / recordsAtOnce);
  if (parts < 2) return [always];
  const shares = Array.from({ length: parts - 1 }, (_, at) => 1 - (at + 1) / parts);
  const [found] = await reader.query(
    `select list_transform(approx_quantile(recorded_at, [${shares.join(', ')}]), bound -> epoch_ms(bound)) as bounds from usage`,
  );
  return Array.isArray(found?.bounds) ? [...found.bounds.map(Number), always] : [always];
};

/** Puts the joins whose keys stand in `touched` together anew, out of the records that meet the conditions. */
const refresh = async (reader: Reader, limits: JoinsTableLimits, ...conditions: Sql[]): Promise<void> => {
  await reader.query('delete from derived.joins where key in (select key from touched)');
  const [row] = await reader.query('select count(*) as n from touched');
  const parts = Math.ceil(Number(row?.n ?? 0) / limits.joinsAtOnce);
  for (let part = 0; part < parts; part++) {
    const ofPart = sql(`${joinKey} in (select key from touched where key % ${parts} = ${part})`);
    const { text, values } = joinsSql(columns, ofPart, ...conditions);
    await reader.query(`insert into derived.joins ${text}`, values);
  }
};

const create = async (reader: Reader): Promise<void> => {
  await reader.query("attach if not exists ':memory:' as derived (compress)");
  const { text } = joinsSql(columns, sql('false'));
  await reader.query(`create or replace table derived.joins as ${text}`);
  await reader.query('create or replace temp table doubtful (key ubigint)');
};

/** The joins of a period, and anew those of them that have records in the periods after it, which are in the table. */
const addPeriod = async (reader: Reader, limits: JoinsTableLimits, fromMs: number, toMs: number): Promise<void> => {
  const { text, values } = joinsSql(columns, ...within('recorded_at', finite(fromMs), finite(toMs)));
  await reader.query(`create or replace temp table period as ${text}`, values);
  await reader.query(
    'create or replace temp table touched as select key from period where key in (select key from derived.joins)',
  );
  await reader.query('insert into derived.joins from period where key not in (select key from touched)');
  await reader.query('insert into doubtful select key from period');
  await reader.query('drop table period');
  await refresh(reader, limits, ...(await readPeriod(reader, { fromMs, toMs: Number.NEGATIVE_INFINITY })));
};

/** Puts those of the doubtful joins together anew that have records before `fromMs`. */
const complete = async (reader: Reader, limits: JoinsTableLimits, fromMs: number): Promise<void> => {
  const before = joinSql([sql(isJoinRecord), ...within('recorded_at', undefined, fromMs)], ' and ');
  await reader.query(
    `create or replace temp table touched as select ${joinKey} as key, epoch_ms(min(recorded_at)) as first from usage
    where ${before.text} and ${joinKey} in (select key from doubtful) group by 1`,
    before.values,
  );
  const [row] = await reader.query('select min(first) as first from touched');
  const sinceMs = row?.first === null ? fromMs : Number(row?.first);
  await refresh(reader, limits, ...(await readPeriod(reader, { fromMs: sinceMs, toMs: Number.NEGATIVE_INFINITY })));
  await reader.query('truncate doubtful');
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
const readPeriod = async (reader: Reader, { fromMs, toMs }: Pick<Touched, 'fromMs' | 'toMs'>): Promise<Sql[]> => {
  const [row] = await reader.query(
    `select min(first_recorded_ms) as first, max(last_recorded_ms) as last
    from derived.joins where key in (select key from touched)`,
  );
  const first = Math.min(fromMs, Number(row?.first ?? fromMs));
  const last = Math.max(toMs, Number(row?.last ?? toMs));
  return within('recorded_at', finite(first), finite(last + 1));
};

const readTouched = async (reader: Reader, touched: Touched): Promise<void> => {
  await reader.query(
    `create or replace temp table touched as select ${joinKey} as key from
    (select unnest(from_json(?, '["VARCHAR"]')) as join_id)`,
    [JSON.stringify([...touched.ids])],
  );
  await reader.query('insert into touched select key from derived.joins where first_received_ms < ?', [
    touched.expiredMs,
  ]);
};

const hasChanged = ({ ids, expiredMs }: Touched): boolean => ids.size > 0 || expiredMs > 0;

const joinEvents: ReadonlySet<string> = new Set(['meeting.join.attempt', 'meeting.join.result']);

export const createJoinsTable = (
  { onStored, onExpired }: Changes,
  limits: JoinsTableLimits = defaultLimits,
): JoinsTable => {
  /** Undefined while there is no table to keep. */
  let touched: Touched | undefined;
  /**
   * The table has the joins that have a record from here on. It knows all of their records but those before here of
   * joins that are doubtful: their keys stand in the table `doubtful`.
   */
  let coveredMs = Number.POSITIVE_INFINITY;
  let bounds: number[] = [];
  let isComplete = true;

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

  const begin = async (reader: Reader): Promise<void> => {
    await create(reader);
    bounds = await readBounds(reader, limits);
    coveredMs = Number.POSITIVE_INFINITY;
  };

  const extend = async (reader: Reader): Promise<boolean> => {
    const fromMs = touched === undefined ? undefined : bounds.shift();
    if (fromMs === undefined) return false;
    await addPeriod(reader, limits, fromMs, coveredMs);
    coveredMs = fromMs;
    isComplete = false;
    return bounds.length > 0;
  };

  const catchUp = async (reader: Reader, changed: Touched): Promise<void> => {
    await readTouched(reader, changed);
    await refresh(reader, limits, ...(await readPeriod(reader, changed)));
    if (bounds.length === 0) return;
    // These belong to a period that is still to come.
    await reader.query('delete from derived.joins where last_recorded_ms < ?', [coveredMs]);
    await reader.query('insert into doubtful select key from touched');
    isComplete = false;
  };

  return {
    async update(reader, fromMs) {
      const changed = touched;
      // What is stored from here on may or may not be seen below, and is looked at again.
      touched = nothing();
      if (changed === undefined) await begin(reader);
      else if (hasChanged(changed)) await catchUp(reader, changed);
      while (coveredMs > fromMs && bounds.length > 0) await extend(reader);
      if (isComplete || bounds.length === 0) return;
      await complete(reader, limits, coveredMs);
      isComplete = true;
    },
    extend,
    forget() {
      touched = undefined;
    },
  };
};
