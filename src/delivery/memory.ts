import type { Entry, Posted } from './rows.js';
import type { KeyedTable, Storage, Table, Transaction } from './storage.js';
import { tables } from './storage.js';

interface Data {
  tables: Record<Table, Map<string | number, unknown>>;
  lastSeq: number;
}

const mapTables = (make: (table: Table) => Map<string | number, unknown>) =>
  Object.fromEntries(tables.map(table => [table, make(table)])) as Data['tables'];

const empty = (): Data => ({ tables: mapTables(() => new Map()), lastSeq: 0 });

const copy = ({ tables: source, lastSeq }: Data): Data => ({
  tables: mapTables(table => new Map(source[table])),
  lastSeq,
});

const over = (data: Data): Transaction => {
  const entries = () => [...data.tables.entries.values()] as (Entry | Posted)[];
  return {
    get: async <T>(table: KeyedTable, key: string) => data.tables[table].get(key) as T | undefined,
    put: (table, key, value) => void data.tables[table].set(key, value),
    all: async <T>(table: KeyedTable) => [...data.tables[table].values()] as T[],
    delete: (table, key) => void data.tables[table].delete(key),
    append: entry => {
      const seq = ++data.lastSeq;
      data.tables.entries.set(seq, { ...entry, seq });
    },
    has: async seq => data.tables.entries.has(seq),
    remove: seq => void data.tables.entries.delete(seq),
    lanes: async () => [...new Set(entries().map(entry => entry.lane))].sort(),
    entries: async <T>(lane: string | undefined, limit: number) =>
      entries()
        .filter(entry => lane === undefined || entry.lane === lane)
        .slice(0, limit) as T[],
  };
};

/** Tables that live as long as the realm. Values are kept by reference: callers put new objects, never change old ones. */
export const createMemoryStorage = (): Storage => {
  let data = empty();
  let last: Promise<unknown> = Promise.resolve();
  return {
    durable: false,
    transact: (mode, work) => {
      const run = last.then(async () => {
        const draft = mode === 'readwrite' ? copy(data) : data;
        const result = await work(over(draft));
        data = draft;
        return result;
      });
      last = run.catch(() => {});
      return run;
    },
    // After the transactions under way, which would bring it back.
    destroy: () =>
      last.then(() => {
        data = empty();
      }),
    close: () => {},
  };
};
