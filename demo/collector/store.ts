/**
 * The events on disk: DuckDB, one file in DATA_DIR.
 *
 * Must: `add` resolves only once the rows are synced to disk · a uid is stored once, across restarts and however late
 * its copy comes · memory grows with what comes in two weeks, not with what is stored · a failure resolves as a refusal
 * to be retried, and stores nothing of its group · reads never wait for writes (they run on their own connection and
 * see the last commit).
 */
import { EventEmitter } from 'node:events';
import { rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBPreparedStatement,
  DuckDBTimestampValue,
} from '@duckdb/node-api';
import { type Category, categories } from 'meeting-join-telemetry/practices.js';
import type { Limits } from './limits.js';
import { createRecentUids, type RecentUids } from './recent-uids.js';
import { createTables, type EventRow, insertRows, splitEvents } from './schema.js';

export type Row = Record<string, unknown>;
export type QueryValue = string | number | boolean | bigint | null;

/** Why nothing was stored: the sender keeps its records and comes back. */
export type StoreFailure = 'busy' | 'disk-full' | 'failed' | 'closed';

export interface Stored {
  stored: number;
  duplicates: number;
  /** By the next hop, and what it said to it. */
  refused?: number;
  message?: string;
}

export type Added = Stored | StoreFailure;

export interface Store {
  add(rows: EventRow[]): Promise<Added>;
  /** Runs one reading statement with positional `?` values, beside the writer. BIGINT comes as a number. */
  query(sql: string, values?: readonly QueryValue[]): Promise<Row[]>;
  /** A connection of one's own, for streaming and for `COPY … TO`. Close it with `closeSync`. */
  connect(): Promise<DuckDBConnection>;
  /** Called after each commit with the rows that were new. Returns the unsubscribe. */
  onStored(listener: (rows: readonly EventRow[]) => void): () => void;
  /** Called after the rows of a category that had arrived before a moment were deleted. Returns the unsubscribe. */
  onExpired(listener: (category: string, beforeMs: number) => void): () => void;
  /** Deletes what is older than its category may become. @returns rows deleted */
  expire(days: Retention, nowMs: number): Promise<number>;
  /** Deletes what links pseudonyms under the current key to those under the one before. */
  forgetPreviousHashes(): Promise<void>;
  status(): StoreStatus;
  /** After a failure: tries a small write, and is well again when it succeeds. Else does nothing. */
  probe(): Promise<void>;
  close(): Promise<void>;
}

export interface StoreStatus {
  failure: StoreFailure | undefined;
  waitingRows: number;
  commits: number;
  lookups: number;
  /** Times the database had to be opened anew. */
  reopens: number;
}

/** Days a category is kept. */
export type Retention = Record<Category, number>;

export interface StoreOptions {
  dataDir: string;
  limits: Limits;
  /** Free bytes of the volume; tests put their own. */
  freeBytes?: () => Promise<number>;
}

/** The database could not be opened; the message is one line that names the file and the way out. */
export class StoreUnreadableError extends Error {}

interface Waiting {
  rows: EventRow[];
  settle: (added: Added) => void;
}

/** In DATA_DIR. */
export const storeFile = 'events.duckdb';
const volumeCheckMs = 1000;
const reopenAfterMs = 2000;

/** Twice as long as a tag keeps a record and may send it again. What happened before is looked for in the tables. */
const rememberUidsMs = 14 * 86_400_000;

/** So much a client's clock may be ahead and still be believed when it says that a record is recent. */
const aheadMs = 3_600_000;

/**
 * 160 MB for DuckDB leave room for Node, and for what DuckDB does not count, within 400 MB, and with less a look at ten
 * million records takes it from who commits; two threads are the machine's two cores.
 *
 * Whoever commits waits while a checkpoint writes the log into the table, and that writes the last group of rows anew
 * until it is full. So it comes often, and groups are small: the longest commit of 240 000 rows took 58 ms with 1.5 MB
 * and 78 with 2.5, with DuckDB's own 16 MB and 122 880 rows 333. That is bought with 8 µs an event more of the processor
 * (48 where it was 40), some 40 MB of memory and half as much again of the disk.
 */
const duckdbOptions = { memory_limit: '160MB', threads: '2', checkpoint_threshold: '2MB' };
const rowsPerGroup = 10_240;

const firstLine = (error: unknown): string =>
  String(error instanceof Error ? error.message : error).split('\n')[0] ?? '';

const isLocked = (error: unknown): boolean => /lock/i.test(firstLine(error));

const isDiskFull = (error: unknown): boolean => /no space left|disk full|ENOSPC/i.test(String(error));

/** Attached, not opened: only so can the size of its row groups be told. */
const attach = async (instance: DuckDBInstance, path: string): Promise<void> => {
  const connection = await instance.connect();
  try {
    await connection.run(`ATTACH '${path.replaceAll("'", "''")}' AS store (ROW_GROUP_SIZE ${rowsPerGroup})`);
  } finally {
    connection.closeSync();
  }
};

const open = async (path: string): Promise<DuckDBInstance> => {
  const scratch = `${path}.tmp`;
  const instance = await DuckDBInstance.create(':memory:', { ...duckdbOptions, temp_directory: scratch });
  try {
    await attach(instance, path);
    // What one that was killed has left: rows are in it, which would outlive their time.
    await rm(scratch, { recursive: true, force: true });
    return instance;
  } catch (error) {
    instance.closeSync();
    throw new StoreUnreadableError(
      isLocked(error)
        ? `${path} is in use by another process: stop that one or choose another DATA_DIR.`
        : `${path} cannot be read (${firstLine(error)}). Nothing was changed: restore it from a copy, or move it and its .wal away to begin anew.`,
    );
  }
};

const connectTo = async (instance: DuckDBInstance): Promise<DuckDBConnection> => {
  const connection = await instance.connect();
  await connection.run('USE store');
  return connection;
};

/** Runs the statements in one transaction: when they have run, all is on the disk; when one fails, nothing is. */
const inTransaction = async (connection: DuckDBConnection, run: () => Promise<void>): Promise<void> => {
  await connection.run('BEGIN');
  try {
    await run();
    await connection.run('COMMIT');
  } catch (error) {
    await connection.run('ROLLBACK').catch(() => undefined);
    throw error;
  }
};

const runAll = async (connection: DuckDBConnection, statements: readonly string[]): Promise<void> => {
  for (const statement of statements) await connection.run(statement);
};

const toPlain = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);

const select = async (
  connection: DuckDBConnection,
  sql: string,
  values: readonly (QueryValue | DuckDBTimestampValue)[],
): Promise<Row[]> => {
  const reader = await connection.runAndReadAll(sql, [...values]);
  return reader
    .getRowObjectsJS()
    .map(row => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, toPlain(value)])));
};

const toTimestamp = (ms: number): DuckDBTimestampValue => new DuckDBTimestampValue(BigInt(Math.trunc(ms)) * 1000n);

/** The uids among these that the tables already hold, as far as they came since a moment. */
const findStored = async (writer: DuckDBConnection, uids: string[], sinceMs: number): Promise<string[]> => {
  if (uids.length === 0) return [];
  const rows = await select(
    writer,
    `SELECT uid FROM events WHERE received_at >= $1 AND uid IN (SELECT unnest(from_json($2, '["VARCHAR"]')))`,
    [toTimestamp(sinceMs), JSON.stringify(uids)],
  );
  return rows.map(row => String(row.uid));
};

const loadUids = async (connection: DuckDBConnection, sinceMs: number): Promise<RecentUids> => {
  const uids = createRecentUids();
  const result = await connection.stream(
    'SELECT uid, epoch_ms(received_at)::DOUBLE FROM events WHERE received_at >= $1 ORDER BY received_at',
    [toTimestamp(sinceMs)],
  );
  for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    const receivedAt = chunk.getColumnValues(1);
    chunk.getColumnValues(0).forEach((uid, index) => {
      uids.add(String(uid), Number(receivedAt[index]));
    });
  }
  return uids;
};

/** Tells one file from another that has its name; undefined when there is none. */
const readFileId = async (path: string): Promise<bigint | undefined> => {
  try {
    return (await stat(path, { bigint: true })).ino;
  } catch {
    return undefined;
  }
};

interface Database {
  instance: DuckDBInstance;
  writer: DuckDBConnection;
  /** The statement that inserts into a category's table. */
  inserting: Map<Category, DuckDBPreparedStatement>;
  reader: DuckDBConnection;
}

const isOneTable = async (connection: DuckDBConnection): Promise<boolean> => {
  const tables = await select(connection, "SELECT 1 FROM duckdb_tables() WHERE table_name = 'events'", []);
  return tables.length > 0;
};

const openDatabase = async (path: string): Promise<Database> => {
  const instance = await open(path);
  const writer = await connectTo(instance);
  const statements = (await isOneTable(writer)) ? splitEvents : createTables;
  await inTransaction(writer, () => runAll(writer, statements));
  const inserting = new Map<Category, DuckDBPreparedStatement>();
  for (const category of categories) inserting.set(category, await writer.prepare(insertRows(category)));
  return { instance, writer, inserting, reader: await connectTo(instance) };
};

const insert = ({ writer, inserting }: Database, rows: EventRow[]): Promise<void> =>
  inTransaction(writer, async () => {
    for (const [category, statement] of inserting) {
      const own = rows.filter(row => row.category === category);
      if (own.length === 0) continue;
      statement.bindVarchar(1, JSON.stringify(own));
      await statement.run();
    }
  });

/**
 * Whether a copy of the record may have come before a moment: it happened before, by its client's clock or by ours; or
 * that clock is ahead, and tells nothing.
 */
const mayHaveComeBefore = (ms: number, { recorded_at, clock_skew_ms, received_at }: EventRow): boolean => {
  const byClientMs = recorded_at - Number(clock_skew_ms ?? 0);
  return Math.min(recorded_at, byClientMs) < ms + aheadMs || recorded_at > received_at + aheadMs;
};

const closeDatabase = ({ instance, writer, inserting, reader }: Database): void => {
  for (const statement of inserting.values()) statement.destroySync();
  reader.closeSync();
  writer.closeSync();
  instance.closeSync();
};

export const openStore = async ({ dataDir, limits, freeBytes }: StoreOptions): Promise<Store> => {
  const path = join(dataDir, storeFile);
  const emitter = new EventEmitter().setMaxListeners(0);
  const waiting: Waiting[] = [];
  const status: StoreStatus = { failure: undefined, waitingRows: 0, commits: 0, lookups: 0, reopens: 0 };
  let database = await openDatabase(path);
  let isOpen = true;
  let fileId = await readFileId(path);
  /** All uids that came since are among `uids`. */
  let rememberedSinceMs = Date.now() - rememberUidsMs;
  const uids = await loadUids(database.writer, rememberedSinceMs);
  let committing: Promise<void> | undefined;
  let exclusive: Promise<unknown> = Promise.resolve();
  let checkedAt = 0;

  const readFreeBytes =
    freeBytes ??
    (async () => {
      const { bavail, bsize } = await statfs(dataDir);
      return bavail * bsize;
    });

  /** One user of the writing connection at a time. */
  const withWriter = <T>(use: (writer: DuckDBConnection) => Promise<T>): Promise<T> => {
    const turn = exclusive.then(() => use(database.writer));
    exclusive = turn.catch(() => undefined);
    return turn;
  };

  const takeGroup = (): Waiting[] => {
    let rows = 0;
    let count = 0;
    for (const { rows: more } of waiting) {
      if (count > 0 && rows + more.length > limits.maxCommitRows) break;
      rows += more.length;
      count += 1;
    }
    status.waitingRows -= rows;
    return waiting.splice(0, count);
  };

  /** The rows of the group that are in the table neither yet nor twice. */
  const findNew = async (writer: DuckDBConnection, rows: EventRow[]): Promise<EventRow[]> => {
    const isOld = (row: EventRow): boolean => mayHaveComeBefore(rememberedSinceMs, row);
    const old = rows.filter(isOld).map(row => row.uid);
    const suspects = rows.filter(row => !isOld(row) && uids.mayHave(row.uid)).map(row => row.uid);
    if (old.length + suspects.length > 0) status.lookups += 1;
    const seen = new Set([
      ...(await findStored(writer, old, 0)),
      ...(await findStored(writer, suspects, rememberedSinceMs)),
    ]);
    return rows.filter(row => !seen.has(row.uid) && seen.add(row.uid));
  };

  /** Somebody who moves or deletes an open file does not hinder DuckDB, which writes on where nobody will look. */
  const isInPlace = async (): Promise<boolean> => (await readFileId(path)) === fileId;

  /** The volume is looked at at most once a second: DuckDB must not meet a full disk in mid-write. */
  const checkVolume = async (): Promise<void> => {
    if (Date.now() - checkedAt < volumeCheckMs && status.failure === undefined) return;
    checkedAt = Date.now();
    if (!(await isInPlace())) throw new Error(`${path} is gone.`);
    if ((await readFreeBytes()) < limits.minFreeBytes) throw new Error('No space left on device');
  };

  const commit = async (writer: DuckDBConnection, group: Waiting[]): Promise<EventRow[]> => {
    await checkVolume();
    const fresh = await findNew(
      writer,
      group.flatMap(({ rows }) => rows),
    );
    if (fresh.length > 0) await insert(database, fresh);
    status.commits += 1;
    for (const { uid, received_at } of fresh) uids.add(uid, received_at);
    return fresh;
  };

  /** After a failed write DuckDB declares the whole instance invalid: only a new one goes on. */
  const reopen = async (): Promise<void> => {
    if (isOpen) closeDatabase(database);
    isOpen = false;
    await new Promise(resolve => setTimeout(resolve, reopenAfterMs));
    database = await openDatabase(path);
    fileId = await readFileId(path);
    isOpen = true;
    status.reopens += 1;
  };

  /** Reaches the disk and leaves nothing there. */
  const tryWrite = async (writer: DuckDBConnection): Promise<void> => {
    await checkVolume();
    await writer.run('CREATE OR REPLACE TABLE probe AS SELECT 1 AS written');
    await writer.run('DROP TABLE probe');
  };

  const recover = async (): Promise<void> => {
    const alive =
      isOpen &&
      (await isInPlace()) &&
      (await database.writer.run('SELECT count(*) FROM events').then(
        () => true,
        () => false,
      ));
    if (!alive) await reopen();
  };

  const fail = (error: unknown): StoreFailure => {
    status.failure = isDiskFull(error) ? 'disk-full' : 'failed';
    return status.failure;
  };

  /** DuckDB may have failed after its commit, in the checkpoint that followed: when these come again, look. */
  const refuse = (group: Waiting[], failure: StoreFailure): void => {
    for (const { uid, received_at } of group.flatMap(({ rows }) => rows)) uids.add(uid, received_at);
    for (const { settle: tell } of group) tell(failure);
  };

  const settle = (group: Waiting[], fresh: EventRow[]): void => {
    const isFresh = new Set<EventRow>(fresh);
    for (const { rows, settle: tell } of group) {
      const stored = rows.reduce((count, row) => count + (isFresh.has(row) ? 1 : 0), 0);
      tell({ stored, duplicates: rows.length - stored });
    }
  };

  const commitGroup = async (group: Waiting[]): Promise<void> => {
    try {
      const fresh = await withWriter(writer => commit(writer, group));
      status.failure = undefined;
      settle(group, fresh);
      if (fresh.length > 0) emitter.emit('stored', fresh);
    } catch (error) {
      refuse(group, fail(error));
      await withWriter(recover).catch(() => undefined);
    }
  };

  const commitAll = async (): Promise<void> => {
    while (waiting.length > 0) await commitGroup(takeGroup());
    committing = undefined;
  };

  let isClosed = false;

  return {
    add(rows) {
      if (isClosed) return Promise.resolve('closed');
      if (rows.length === 0) return Promise.resolve({ stored: 0, duplicates: 0 });
      if (status.waitingRows + rows.length > limits.maxWaitingRows) return Promise.resolve('busy');
      status.waitingRows += rows.length;
      return new Promise(resolve => {
        waiting.push({ rows, settle: resolve });
        committing ??= commitAll();
      });
    },
    query: (sql, values = []) => select(database.reader, sql, values),
    connect: () => connectTo(database.instance),
    onStored(listener) {
      emitter.on('stored', listener);
      return () => emitter.off('stored', listener);
    },
    onExpired(listener) {
      emitter.on('expired', listener);
      return () => emitter.off('expired', listener);
    },
    expire: (days, nowMs) =>
      withWriter(async writer => {
        let deleted = 0;
        for (const category of categories) {
          const beforeMs = nowMs - days[category] * 86_400_000;
          const result = await writer.run(`DELETE FROM ${category} WHERE received_at < $1`, [toTimestamp(beforeMs)]);
          if (result.rowsChanged > 0) emitter.emit('expired', category, beforeMs);
          deleted += result.rowsChanged;
        }
        rememberedSinceMs = Math.max(rememberedSinceMs, uids.forget(nowMs - rememberUidsMs));
        return deleted;
      }),
    forgetPreviousHashes: () =>
      withWriter(async writer => {
        for (const category of categories) {
          await writer.run(`UPDATE ${category} SET user_hash_previous = NULL WHERE user_hash_previous IS NOT NULL`);
        }
      }),
    status: () => ({ ...status }),
    async probe() {
      if (isClosed || status.failure === undefined) return;
      try {
        await withWriter(recover);
        await withWriter(tryWrite);
        status.failure = undefined;
      } catch (error) {
        fail(error);
      }
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      await committing;
      await exclusive;
      // One file is left, which can be copied; where a reader is still at it, the log stays and is read at the next start.
      if (isOpen) await database.writer.run('CHECKPOINT').catch(() => undefined);
      if (isOpen) closeDatabase(database);
    },
  };
};
