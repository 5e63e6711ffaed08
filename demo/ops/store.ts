import type { DuckDBConnection } from '@duckdb/node-api';
import { type Changes, createJoinsTable, type JoinsTableLimits } from './joins-table.js';

export type Value = string | number | boolean | null;
export type Row = Record<string, unknown>;

/** Runs one statement with positional `?` values. */
export interface Reader {
  query(text: string, values?: readonly Value[]): Promise<Row[]>;
}

/**
 * Reads of the store, one piece of work at a time, so that its temporary tables are its own. Each finds the table
 * `derived.joins` as of now.
 */
export interface Store {
  read<T>(work: (reader: Reader) => Promise<T>): Promise<T>;
}

/** Times are beyond 32 bits, and DuckDB would take such a number for a double. */
const bindable = (value: Value): Value | bigint =>
  typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value;

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
  const reader: Reader = {
    query: async (text, values = []) => {
      connection ??= connect();
      const result = await (await connection).runAndReadAll(text, values.map(bindable));
      return result.getRowObjectsJS() as Row[];
    },
  };
  let last: Promise<unknown> = Promise.resolve();
  return {
    read: work => {
      const own = last.then(async () => {
        await joins.update(reader);
        return work(reader);
      });
      last = own.catch(() => {
        joins.forget();
        connection?.then(broken => broken.closeSync()).catch(() => undefined);
        connection = undefined;
      });
      return own;
    },
  };
};
