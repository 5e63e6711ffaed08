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
  putSize,
  type Route,
  type RouteOpening,
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
const journalJoins = (tx: Transaction, route: string, items: Item[], isOpen: (id: string) => boolean): Entry[] => {
  const opened = new Set<string>();
  const entries: Entry[] = [];
  for (const { entry, opens, closes } of items) {
    if (closes && !opened.delete(closes) && !isOpen(closes)) continue;
    if (opens) {
      opened.add(opens.id);
      tx.put('joins', opens.id, { ...opens, route });
    }
    if (closes) tx.delete('joins', closes);
    entries.push(entry);
  }
  return entries;
};

/** What a commit builds on, asked for all at once: a page that is being left has time for one round trip at most. */
const readForCommit = async (tx: Transaction, key: string, { items, counters }: Addition) => {
  const closed = items.flatMap(({ closes }) => closes ?? []);
  const counterKeys = [...new Set(counters.map(({ event, name }) => keyOf(key, event, name)))];
  const [route, size, joins, sums] = await Promise.all([
    tx.get<Route>('routes', key),
    getSize(tx),
    Promise.all(closed.map(id => tx.get('joins', id))),
    Promise.all(counterKeys.map(counterKey => tx.get<Counter>('counters', counterKey))),
  ]);
  return {
    route,
    size,
    isJoinOpen: (id: string) => !!joins[closed.indexOf(id)],
    sums: new Map(counterKeys.map((counterKey, i) => [counterKey, sums[i]?.sum ?? 0])),
  };
};

const commit = async (tx: Transaction, key: string, addition: Addition): Promise<boolean> => {
  const { route, size, isJoinOpen, sums } = await readForCommit(tx, key, addition);
  if (!route) return false;
  // Another tab may have closed a category a moment ago.
  const items = addition.items.filter(({ entry }) => route.categories.includes(entry.category));
  const entries = journalJoins(tx, key, items, isJoinOpen);
  entries.forEach(tx.append);
  putSize(tx, size, entries, 1);
  for (const { event, name, by } of addition.counters) {
    const counterKey = keyOf(key, event, name);
    const sum = (sums.get(counterKey) ?? 0) + by;
    sums.set(counterKey, sum);
    tx.put('counters', counterKey, { route: key, event, name, sum });
  }
  for (const { category, reason, count } of addition.drops) await countDrop(tx, key, category, reason, count);
  return true;
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
    add: (key: string, addition: Addition): Promise<boolean> => write(tx => commit(tx, key, addition)),

    size: () => read(getSize),
    joins: (key: string) => read(async tx => (await tx.all<OpenJoin>('joins')).filter(({ route }) => route === key)),
  };
};

export type Queue = ReturnType<typeof createQueue>;
