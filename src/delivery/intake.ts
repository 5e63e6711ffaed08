/** Sorts what pages have posted into the queue: entries, the journal of open attempts, sums and losses. */

import type { AnyValue, KeyValue } from '../practices/index.js';
import { change, countLoss, isReport, keptOf } from './kept.js';
import { allPosted, getSize } from './queue.js';
import { type Addition, type Entry, inbox, type Route } from './rows.js';
import type { Transaction } from './storage.js';

/** Adds to the size of the queue what has come, or takes off what has gone (sign -1). */
export const resize = async (tx: Transaction, changed: Entry[], sign: 1 | -1): Promise<void> => {
  const size = await getSize(tx);
  for (const { bytes } of changed) {
    size.entries += sign;
    size.bytes += sign * bytes;
  }
  tx.put('meta', size, 'size');
};

/** @returns the entries that get a place of their own: not those of a second result, or of a category closed since */
const sortIn = (route: Route, { items, drops, counters }: Addition): Entry[] => {
  for (const { category, reason, count } of drops) countLoss(route, category, reason, count);
  if (counters) route.counters = [...(route.counters ?? []), ...counters];
  return items.flatMap(({ entry, opens, closes }) => {
    const { joins } = keptOf(route, entry.category);
    if (!route.categories.includes(entry.category) || (closes && !joins[closes])) return [];
    if (opens) joins[opens.id] = opens;
    if (closes) delete joins[closes];
    if (!route.stopped) return entry;
    countLoss(route, entry.category, 'gone');
    return [];
  });
};

/** Both copies come within moments of each other; so many pages are hardly left between them. */
const maxTaken = 20;

/** Reports of losses are the last to go. */
const rankOf = (entry: Entry) => (isReport(entry) ? inbox : entry.lane);

/** Read as numbers only where they are some. */
type NumericKeyValue = KeyValue & { value: Required<AnyValue> };

/** Counts (census, usage) add up when all but their ids and numbers is alike; no other record is like any. */
const likenessOf = ({ lane, uid, resource, record }: Entry): string =>
  /^[23]/.test(lane)
    ? JSON.stringify([lane, resource, record.attributes.slice(1).filter(({ value }) => value.stringValue)])
    : uid;

const addUp = (sum: KeyValue[], more: KeyValue[]): void => {
  for (const { key, value } of more as NumericKeyValue[]) {
    const known = (sum as NumericKeyValue[]).find(attribute => attribute.key === key)?.value;
    if (!known) sum.push({ key, value });
    else if (known.intValue) known.intValue = `${+known.intValue + +value.intValue}`;
    else if (known.doubleValue) known.doubleValue += value.doubleValue;
  }
};

/**
 * Sorts in what was posted, in order of arrival, the counts since the last flush as one record; what was posted for a
 * route that has been purged is deleted.
 * @param share how much of it there is room for, the most urgent first; the rest is counted as lost
 */
export const takeIn = async (tx: Transaction, share = 1): Promise<void> => {
  const entries: Entry[] = [];
  const likenesses: Record<string, Entry> = {};
  const place = (entry: Entry) => {
    const likeness = likenessOf(entry);
    const sum = likenesses[likeness];
    if (sum) return addUp(sum.record.attributes, entry.record.attributes.slice(1));
    likenesses[likeness] = entry;
    entries.push(entry);
  };
  for (const { seq, route: key, addition, once } of await allPosted(tx)) {
    // First, for what comes in its place needs the room.
    tx.delete('entries', seq as number);
    await change(tx, key, route => {
      if (once && route.taken?.includes(once)) return;
      if (once) route.taken = [once, ...(route.taken ?? [])].slice(0, maxTaken);
      sortIn(route, addition).forEach(place);
    });
  }
  if (share < 1) entries.sort((one, other) => (rankOf(one) < rankOf(other) ? -1 : 1));
  for (const { route, category } of entries.splice(Math.ceil(entries.length * share))) {
    await change(tx, route, known => countLoss(known, category, 'storage_full'));
  }
  for (const entry of entries) tx.put('entries', entry);
  await resize(tx, entries, 1);
};
