/**
 * The recorder's end of the queue. Every operation is one transaction, so that a kill between any two lines leaves
 * either all of it or nothing. The sender's end is `outgoing.ts`; it also keeps the queue within its limits.
 */
import type { Category, EventName } from '../practices/index.js';
import type { DropReason } from './drops.js';
import {
  type Counter,
  countDrop,
  type Entry,
  getSize,
  keyOf,
  type OpenJoin,
  type Route,
  type RouteOpening,
  resize,
} from './rows.js';
import type { Storage, Transaction } from './storage.js';

/** One record, with what its transaction does to the journal of open attempts. */
export interface Item {
  entry: Entry;
  opens?: Omit<OpenJoin, 'route'> | undefined;
  /** Not stored when the journal holds no such attempt: another tab has written its result. */
  closes?: string | undefined;
}

/** One commit of the recorder. */
export interface Addition {
  items: Item[];
  /** Sums to add, by event and attribute. */
  counters: { event: EventName; name: string; by: number }[];
  drops: { category: Category; reason: DropReason; count: number }[];
}

/** Keeps the journal. @returns the entries that count: all but the results of attempts that have one */
const journalJoins = async (tx: Transaction, route: string, items: Item[]): Promise<Entry[]> => {
  const entries: Entry[] = [];
  for (const { entry, opens, closes } of items) {
    if (closes && !(await tx.get('joins', closes))) continue;
    if (opens) tx.put('joins', opens.id, { ...opens, route });
    if (closes) tx.delete('joins', closes);
    entries.push(entry);
  }
  return entries;
};

const commit = async (tx: Transaction, route: string, { items, counters, drops }: Addition) => {
  const entries = await journalJoins(tx, route, items);
  entries.forEach(tx.append);
  await resize(tx, entries, 1);
  for (const { category, reason, count } of drops) await countDrop(tx, route, category, reason, count);
  for (const { event, name, by } of counters) {
    const key = keyOf(route, event, name);
    const sum = ((await tx.get<Counter>('counters', key))?.sum ?? 0) + by;
    tx.put('counters', key, { route, event, name, sum });
  }
};

export const createQueue = (storage: Storage) => {
  const write = <T>(work: (tx: Transaction) => Promise<T>) => storage.transact('readwrite', work);
  const read = <T>(work: (tx: Transaction) => Promise<T>) => storage.transact('readonly', work);
  return {
    storage,

    /**
     * Opens a route, or says what has changed about it. What the sender knows of it stays.
     * @returns the route as it was
     */
    open: (opening: RouteOpening) =>
      write(async tx => {
        const known = await tx.get<Route>('routes', opening.key);
        tx.put('routes', opening.key, { ...known, ...opening });
        return known;
      }),

    /**
     * Commits what the recorder has.
     * @returns false when the route has been purged: nothing was stored
     * @throws QuotaExceededError when the storage is full
     */
    add: (key: string, addition: Addition): Promise<boolean> =>
      write(async tx => {
        const route = await tx.get<Route>('routes', key);
        // Another tab may have closed a category a moment ago.
        const items = addition.items.filter(({ entry }) => route?.categories.includes(entry.category));
        if (route) await commit(tx, key, { ...addition, items });
        return !!route;
      }),

    size: () => read(getSize),
    joins: (key: string) => read(async tx => (await tx.all<OpenJoin>('joins')).filter(({ route }) => route === key)),
  };
};

export type Queue = ReturnType<typeof createQueue>;
