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

const count = async (tx: Transaction, route: string, { counters, drops }: Addition) => {
  for (const loss of drops) await countDrop(tx, route, loss.category, loss.reason, loss.count);
  for (const { event, name, by } of counters) {
    const key = keyOf(route, event, name);
    const sum = ((await tx.get<Counter>('counters', key))?.sum ?? 0) + by;
    tx.put('counters', key, { route, event, name, sum });
  }
};

/**
 * Sorts in what was posted, in order of arrival; what was posted for a route that has been purged is deleted.
 * @param share how much of it there is room for, the most urgent first; the rest is counted as lost
 */
export const takeIn = async (tx: Transaction, share: number): Promise<void> => {
  const entries: Entry[] = [];
  for (const { seq, route, addition } of await tx.entries<Posted>(inbox, unlimited)) {
    // First, for what comes in its place needs the room.
    tx.remove(seq as number);
    const known = await tx.get<Route>('routes', route);
    if (!known) continue;
    // Another tab may have closed a category since.
    const open = addition.items.filter(({ entry }) => known.categories.includes(entry.category));
    entries.push(...(await journalJoins(tx, route, open)));
    await count(tx, route, addition);
  }
  if (share < 1) entries.sort((one, other) => (one.lane < other.lane ? -1 : 1));
  const lost = entries.splice(Math.ceil(entries.length * share));
  for (const { route, category } of lost) await countDrop(tx, route, category, 'storage_full', 1);
  entries.forEach(tx.append);
  await resize(tx, entries, 1);
};
