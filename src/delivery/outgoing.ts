/** The sender's end of the queue: what goes out next, what became of it, what was lost. One transaction each. */
import {
  type Attributes,
  type Category,
  categories,
  type EventName,
  type KeyValue,
  type LogRecord,
  toKeyValues,
} from '../practices/index.js';
import type { DropReason } from './drops.js';
import { takeIn } from './intake.js';
import { limits } from './limits.js';
import { isBound } from './retry.js';
import {
  type Counter,
  countDrop,
  type Drops,
  type Entry,
  getSize,
  inbox,
  keyOf,
  type OpenJoin,
  type Posted,
  type Route,
  resize,
  type Size,
  toEntry,
  unlimited,
} from './rows.js';
import type { Storage, Transaction } from './storage.js';

export interface Batch {
  route: string;
  category: Category;
  resource: KeyValue[];
  entries: Entry[];
}

/** A record that was delivered, kept for the disclosure. */
export interface SentRecord {
  category: Category;
  resource: KeyValue[];
  record: LogRecord;
  sentAt: number;
}

const routeOf = (lane: string) => lane.slice(2, lane.lastIndexOf('|'));

const keyOfDrops = ({ route, category, reason }: Drops) => keyOf(route, category, reason);

const attributeOf = (record: LogRecord, key: string) =>
  record.attributes.find(attribute => attribute.key === key)?.value;

/** A report of losses that is lost itself takes its number back; any other record is counted. */
const countLost = async (tx: Transaction, { record, route, category }: Entry, reason: DropReason) => {
  if (record.eventName !== 'telemetry.dropped') return countDrop(tx, route, category, reason, 1);
  const key = keyOf(route, category, `${attributeOf(record, 'telemetry.dropped.reason')?.stringValue}`);
  const drops = await tx.get<Drops>('drops', key);
  const count = Number(attributeOf(record, 'telemetry.dropped.count')?.intValue);
  // Refused for good: saying it again would be refused again.
  if (drops && (reason === 'queue_overflow' || reason === 'expired')) {
    tx.put('drops', key, { ...drops, reported: drops.reported - count });
  }
};

/** Removes the entries that are still there. @returns those */
const removeEntries = async (tx: Transaction, entries: Entry[]): Promise<Entry[]> => {
  const present = await Promise.all(entries.map(entry => tx.has(entry.seq as number)));
  const removed = entries.filter((_, i) => present[i]);
  for (const entry of removed) tx.remove(entry.seq as number);
  await resize(tx, removed, -1);
  return removed;
};

const loseEntries = async (tx: Transaction, entries: Entry[], reason: DropReason) => {
  for (const entry of await removeEntries(tx, entries)) await countLost(tx, entry, reason);
};

/** The oldest of these entries that must go for the rest to fit. */
const pickVictims = (entries: Entry[], size: Size, max: Size): Entry[] => {
  let { entries: count, bytes } = size;
  return entries.filter(entry => {
    const isOver = count > max.entries || bytes > max.bytes;
    count--;
    bytes -= entry.bytes;
    return isOver;
  });
};

/** Makes room: lowest priority first, oldest first. */
const evict = async (tx: Transaction, max: Size, reason: DropReason): Promise<void> => {
  const lane = (await tx.lanes()).pop();
  // Nothing is left, or only what was posted.
  if (!lane) return;
  const victims = pickVictims(await tx.entries(lane, limits.maxBatchRecords), await getSize(tx), max);
  await loseEntries(tx, victims, reason);
  if (victims.length) await evict(tx, max, reason);
};

/** A disk that has no room for so little of what was posted has none at all. */
const smallestShare = 1 / 256;

/** Takes in what was posted, and keeps the queue within its limits. */
const sortIn = async (tx: Transaction, now: number, share: number) => {
  await takeIn(tx, share);
  const old = (await tx.entries(undefined, limits.maxBatchRecords)).filter(
    entry => entry.recordedAt < now - limits.maxAgeMs,
  );
  await loseEntries(tx, old, 'expired');
  const { entries, bytes } = await getSize(tx);
  const max = { entries: limits.maxQueueEntries, bytes: limits.maxQueueBytes };
  if (entries > max.entries || bytes > max.bytes) await evict(tx, max, 'queue_overflow');
};

/** Takes the losses of a route that no record has told of yet, by category and reason. */
const takeDrops = async (tx: Transaction, { key, categories: open }: Route): Promise<Drops[]> => {
  const untold = (await tx.all<Drops>('drops')).filter(
    ({ route, count, reported, category }) => route === key && count > reported && open.includes(category),
  );
  for (const drops of untold) tx.put('drops', keyOfDrops(drops), { ...drops, reported: drops.count });
  return untold;
};

/** Of an event that is counted. */
const categoryOf = (event: EventName): Category => (event === 'meeting.census' ? 'census' : 'usage');

const takeCounters = async (tx: Transaction, key: string) => {
  const sums: Partial<Record<EventName, Attributes>> = {};
  for (const { route, event, name, sum } of await tx.all<Counter>('counters')) {
    if (route !== key) continue;
    sums[event] = { ...sums[event], [name]: sum };
    tx.delete('counters', keyOf(key, event, name));
  }
  return Object.entries(sums) as [EventName, Attributes][];
};

/** Writes what was lost and what was counted as records, so that the queue carries them like any other. */
const writeReports = async (tx: Transaction, route: Route, now: number, uuid: () => string) => {
  const entries: Entry[] = [];
  const write = (event: EventName, category: Category, attributes: Attributes) =>
    entries.push(
      toEntry({
        uid: uuid(),
        route: route.key,
        category,
        event,
        recordedAt: now,
        attributes: toKeyValues(attributes, name => name === 'meeting.minutes'),
        resource: route.resources[category],
      }),
    );
  for (const { category, reason, count, reported } of await takeDrops(tx, route)) {
    write('telemetry.dropped', category, {
      'telemetry.dropped.reason': reason,
      'telemetry.dropped.count': count - reported,
    });
  }
  for (const [event, sums] of await takeCounters(tx, route.key)) {
    const category = categoryOf(event);
    // Closed by another tab since it was counted.
    if (route.categories.includes(category)) write(event, category, { ...route.frames[event], ...sums });
  }
  entries.forEach(tx.append);
  await resize(tx, entries, 1);
};

const keepSent = async (tx: Transaction, entries: Entry[], sentAt: number) => {
  const sent = (await tx.get<SentRecord[]>('meta', 'sent')) ?? [];
  const latest = entries.map(({ category, record, resource }) => ({ category, record, resource, sentAt }));
  tx.put('meta', 'sent', [...sent, ...latest].slice(-limits.maxSentRecords));
};

/** Deletes the records of some categories. @returns how many */
const deleteRecords = async (tx: Transaction, key: string, closed: readonly Category[]) => {
  let deleted = 0;
  for (const lane of await tx.lanes()) {
    if (routeOf(lane) !== key || !closed.some(category => lane.endsWith(`|${category}`))) continue;
    deleted += (await removeEntries(tx, await tx.entries(lane, unlimited))).length;
  }
  return deleted;
};

/** Deletes what else is kept of some categories: losses, sums, open joins, what was lately sent. */
const deleteTraces = async (tx: Transaction, key: string, closed: readonly Category[]) => {
  const isClosed = (route: string, category: Category) => route === key && closed.includes(category);
  for (const drops of await tx.all<Drops>('drops')) {
    if (isClosed(drops.route, drops.category)) tx.delete('drops', keyOfDrops(drops));
  }
  for (const { route, event, name } of await tx.all<Counter>('counters')) {
    if (isClosed(route, categoryOf(event))) tx.delete('counters', keyOf(key, event, name));
  }
  for (const { route, id } of await tx.all<OpenJoin>('joins')) if (isClosed(route, 'usage')) tx.delete('joins', id);
  tx.delete('meta', 'sent');
};

export const createOutgoing = (storage: Storage, uuid: () => string) => {
  const write = <T>(work: (tx: Transaction) => Promise<T>) => storage.transact('readwrite', work);
  const read = <T>(work: (tx: Transaction) => Promise<T>) => storage.transact('readonly', work);

  const change = async (tx: Transaction, key: string, to: (route: Route) => Partial<Route>) => {
    const route = await tx.get<Route>('routes', key);
    if (route) tx.put('routes', key, { ...route, ...to(route) });
  };

  return {
    storage,

    routes: () => read(tx => tx.all<Route>('routes')),

    update: (key: string, to: (route: Route) => Partial<Route>) => write(tx => change(tx, key, to)),

    /**
     * Sorts in what was posted, then drops what has waited too long and what the limits have no room for. A full disk
     * halves the queue first, for sorting in takes room too.
     */
    tidy: async (now: number, isFull: boolean) => {
      const halve = () =>
        write(async tx => {
          const { entries, bytes } = await getSize(tx);
          await evict(tx, { entries: entries >> 1, bytes: bytes >> 1 }, 'storage_full');
        });
      if (isFull) await halve();
      for (let share = 1; ; share /= 2) {
        try {
          return await write(tx => sortIn(tx, now, share));
        } catch (error) {
          if ((error as DOMException).name !== 'QuotaExceededError' || share < smallestShare) throw error;
          await halve();
        }
      }
    },

    /** Keys of the routes that have something to send. */
    waiting: () =>
      read(async tx => {
        const keys = (await tx.lanes()).map(routeOf);
        const counters = await tx.all<Counter>('counters');
        const untold = (await tx.all<Drops>('drops')).filter(({ count, reported }) => count > reported);
        const posted = await tx.entries<Posted>(inbox, unlimited);
        return new Set([...keys, ...[...posted, ...counters, ...untold].map(({ route }) => route)]);
      }),

    /** Turns counters and losses of a route into records. */
    report: (key: string, now: number) =>
      write(async tx => {
        const route = await tx.get<Route>('routes', key);
        if (route) await writeReports(tx, route, now, uuid);
      }),

    /** The next batch: the most urgent lane of these routes, oldest first, one resource, within the limits. */
    peek: (keys: ReadonlySet<string>, maxRecords: number): Promise<Batch | undefined> =>
      read(async tx => {
        const lane = (await tx.lanes()).find(name => keys.has(routeOf(name)));
        const entries = lane === undefined ? [] : await tx.entries(lane, maxRecords);
        const [first] = entries;
        if (!first) return undefined;
        const { route, category, resource } = first;
        let bytes = 0;
        const end = entries.findIndex(entry => {
          bytes += entry.bytes;
          return bytes > limits.maxBatchBytes || JSON.stringify(entry.resource) !== JSON.stringify(resource);
        });
        return { route, category, resource, entries: end < 0 ? entries : entries.slice(0, end) };
      }),

    /** The collector has them, all but `rejected`. */
    delivered: (entries: Entry[], rejected: number, now: number) =>
      write(async tx => {
        const [removed] = await removeEntries(tx, entries);
        if (!removed) return;
        const { route, category } = removed;
        await keepSent(tx, entries, now);
        if (rejected) await countDrop(tx, route, category, 'partial_success', rejected);
        await change(tx, route, known =>
          isBound(known, now) ? {} : { attempts: 0, nextAttemptAt: 0, unreachable: false },
        );
      }),

    /** They will never be sent. */
    drop: (entries: Entry[], reason: DropReason) => write(tx => loseEntries(tx, entries, reason)),

    /** The collector is gone for good: nothing waits for it any more. */
    stop: (key: string) =>
      write(async tx => {
        for (const lane of await tx.lanes()) {
          if (routeOf(lane) === key) await loseEntries(tx, await tx.entries(lane, unlimited), 'gone');
        }
        await change(tx, key, () => ({ stopped: true }));
      }),

    /**
     * Deletes what a route left behind: the categories named, or all of it and the route too.
     * @returns the number of entries deleted, and whether other routes remain
     */
    purge: (key: string, closed: readonly Category[] = categories) =>
      write(async tx => {
        await takeIn(tx, 1);
        const deleted = await deleteRecords(tx, key, closed);
        await deleteTraces(tx, key, closed);
        if (closed.length === categories.length) tx.delete('routes', key);
        return { deleted, isLast: !(await tx.all('routes')).length };
      }),

    size: () => read(getSize),
  };
};

export type Outgoing = ReturnType<typeof createOutgoing>;
