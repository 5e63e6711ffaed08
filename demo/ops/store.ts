import type { DuckDBConnection } from '@duckdb/node-api';
import { type Changes, createJoinsTable, type JoinsTableLimits } from './joins-table.js';

export type Value = string | number | boolean | null;
export type Row = Record<string, unknown>;

/** Runs one statement with positional `?` values. */
export interface Reader {
  query(text: string, values?: readonly Value[]): Promise<Row[]>;
}

/**
 * Reads of the store, one piece of work at a time, so that its temporary tables are its own. Each finds in the table
 * `derived.joins` as of now all joins that began at `fromMs` or later; undefined: all there are.
 */
export interface Store {
  read<T>(work: (reader: Reader) => Promise<T>, fromMs?: number): Promise<T>;
  /**
   * Work that takes much memory and needs no joins: in its turn, for two at once have too little, but on a connection of
   * its own, so that the table of joins outlives its failure.
   */
  readRecords<T>(work: (reader: Reader) => Promise<T>): Promise<T>;
}

/** Times are beyond 32 bits, and DuckDB would take such a number for a double. */
const bindable = (value: Value): Value | bigint =>
  typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value;

const createReader = (find: () => Promise<DuckDBConnection>): Reader => ({
  query: async (text, values = []) => {
    const result = await (await find()).runAndReadAll(text, values.map(bindable));
    return result.getRowObjectsJS() as Row[];
  },
});

/**
 * Opens its own connection when it first reads, and another one after a failure: the collector may have had to open the
 * database anew, as after a full disk.
 */
export const openStore = (
  connect: () => Promise<DuckDBConnection>,
  changes: Changes,
  limits?: JoinsTableLimits,
): Store => {
  const joins = createJoinsTable(changes, limits);
  let connection: Promise<DuckDBConnection> | undefined;
  const reader = createReader(() => {
    connection ??= connect();
    return connection;
  });
  let last: Promise<unknown> = Promise.resolve();

  const recover = (): void => {
    joins.forget();
    connection?.then(broken => broken.closeSync()).catch(() => undefined);
    connection = undefined;
  };

  const takeTurn = <T>(work: () => Promise<T>, onFailure = recover): Promise<T> => {
    const own = last.then(work);
    last = own.catch(onFailure);
    return own;
  };

  /** Reaches further back while nobody waits: whoever asks meanwhile has the next turn. */
  let isExtending = false;
  const extend = async (): Promise<void> => {
    if (isExtending) return;
    isExtending = true;
    try {
      while (await takeTurn(() => joins.extend(reader)));
    } catch {
      // The database is closed or broken; the next reader begins anew.
    }
    isExtending = false;
  };

  return {
    async read(work, fromMs = Number.NEGATIVE_INFINITY) {
      const read = await takeTurn(async () => {
        await joins.update(reader, fromMs);
        return work(reader);
      });
      void extend();
      return read;
    },
    readRecords: work =>
      takeTurn(
        async () => {
          const beside = await connect();
          try {
            return await work(createReader(async () => beside));
          } finally {
            beside.closeSync();
          }
        },
        () => undefined,
      ),
  };
};
