/** Sorts what pages have posted into the queue: entries, the journal of open attempts, sums and losses. */
import {
  type Addition,
  type Counter,
  countDrop,
  type Entry,
  type Item,
  inbox,
  keyOf,
  type Posted,
  type Route,
  resize,
  unlimited,
} from './rows.js';
import type { Transaction } from './storage.js';

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

const take = async (tx: Transaction, route: string, { items, counters, drops }: Addition) => {
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

/** Sorts in what was posted, in order of arrival; what was posted for a route that has been purged is deleted. */
export const takeIn = async (tx: Transaction): Promise<void> => {
  for (const { seq, route, addition } of await tx.entries<Posted>(inbox, unlimited)) {
    const known = await tx.get<Route>('routes', route);
    // Another tab may have closed a category since.
    const items = addition.items.filter(({ entry }) => known?.categories.includes(entry.category));
    if (known) await take(tx, route, { ...addition, items });
    tx.remove(seq as number);
  }
};
