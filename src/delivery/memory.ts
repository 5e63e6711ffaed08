import { type Key, keyedTables, type Storage, type Table, type Transaction } from './storage.js';

interface Data {
  tables: Record<Table, Map<Key, unknown>>;
  lastSeq: number;
}

const mapTables = (make: (table: Table) => Map<Key, unknown>) =>
  Object.fromEntries((['entries', ...keyedTables] as const).map(table => [table, make(table)])) as Data['tables'];

const empty = (): Data => ({ tables: mapTables(() => new Map()), lastSeq: 0 });

const copy = ({ tables: source, lastSeq }: Data): Data => ({
  tables: mapTables(table => new Map(source[table])),
  lastSeq,
});

const isInLane = (row: { lane?: string }, lane: string | undefined) =>
  lane === undefined || (lane ? row.lane?.startsWith(lane) : row.lane === lane);

const byLane = (one: { lane: string }, other: { lane: string }) =>
  Number(one.lane > other.lane) - Number(one.lane < other.lane);

const over = (data: Data): Transaction => ({
  get: async <T>(table: Table, key: Key) => structuredClone(data.tables[table].get(key)) as T | undefined,
  put: (table, row, key) => {
    if (key !== undefined) data.tables[table].set(key, row);
    else data.tables[table].set(++data.lastSeq, { ...(row as object), seq: data.lastSeq });
  },
  delete: (table, key) => void data.tables[table].delete(key),
  all: async <T>(table: Table, limit?: number, lane?: string) => {
    const rows = [...data.tables[table].values()] as { lane: string }[];
    const found = rows.filter(row => isInLane(row, lane));
    return structuredClone((lane ? found.sort(byLane) : found).slice(0, limit)) as T[];
  },
});

/** Tables that live as long as the realm. */
export const createMemoryStorage = (): Storage => {
  let data = empty();
  let last: Promise<unknown> = Promise.resolve();
  return {
    durable: false,
    transact: work => {
      const run = last.then(async () => {
        const draft = copy(data);
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
