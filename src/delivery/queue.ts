/**
 * What waits to be sent, what was lost, and for whom. Every operation is one transaction, so that a kill between any
 * two lines leaves either all of it or nothing.
 */
import {
  type Attributes,
  boundOf,
  type Category,
  categories,
  type EventName,
  events,
  type KeyValue,
  type LogRecord,
  type Surface,
  severity,
  toKeyValues,
  toUnixNano,
} from '../practices/index.js';
import type { DropReason } from './drops.js';
import { limits } from './limits.js';
import type { Entry, Storage, Transaction } from './storage.js';

/** Where the entries of one tag go, and whose flag governs them. */
export interface Route {
  key: string;
  /** Absolute URL of OTLP logs ingest. */
  endpoint: string;
  /** Absolute URL of the exported configuration; '' when it stands in the page, where only the page can read it. */
  configSrc: string;
  pool: string;
  site: string;
  surface: Surface;
  /** Categories open at the last reading. */
  categories: Category[];
  /** When the gate was last read as open, ms since the epoch. */
  checkedAt: number;
  /** Milliseconds to add to this clock for the server's. */
  skewMs: number;
  /** Failed attempts in a row. */
  attempts: number;
  /** No request before, ms since the epoch. */
  nextAttemptAt: number;
  /** The last attempt got no answer, so that news of the network lifts the deadline. */
  unreachable: boolean;
  /** The flag could not be read since: queue, but send nothing before it has been. */
  held: boolean;
  /** The collector refused gzip (415). */
  plain: boolean;
  /** The collector said 410: never again. */
  stopped: boolean;
  /** Resource attributes per category, for records that the sender writes itself. */
  resources: Record<Category, KeyValue[]>;
  /** What counters are sent with: attributes of the record that carries them. */
  frames: Partial<Record<EventName, Attributes>>;
}

/** The page's part of a route; the rest is the sender's. */
export type RouteOpening = Omit<Route, 'attempts' | 'nextAttemptAt' | 'unreachable' | 'plain' | 'stopped' | 'held'>;

/** A join attempt without a result yet, so that one whose tab died can be told from one that goes on. */
export interface OpenAttempt {
  id: string;
  /** When it started, ms since the epoch. */
  at: number;
  /** What its result repeats of the attempt. */
  attributes: Attributes;
}

interface OpenJoin extends OpenAttempt {
  route: string;
}

/** One record, with what its transaction does to the journal of open attempts. */
export interface Item {
  entry: Entry;
  opens?: OpenAttempt | undefined;
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

export interface Drops {
  route: string;
  category: Category;
  reason: DropReason;
  count: number;
  /** How many of them stand in a `telemetry.dropped` record. */
  reported: number;
}

export interface Batch {
  route: string;
  category: Category;
  resource: KeyValue[];
  entries: Entry[];
}

export interface Size {
  entries: number;
  bytes: number;
}

export type Priority = 0 | 1 | 2 | 3 | 4;

/** Urgency by event: who could not join and why first, vitals last. Usage join records share a category with counters. */
const priorities: Record<EventName, Priority> = {
  'meeting.join.attempt': 0,
  'meeting.join.result': 0,
  exception: 1,
  'telemetry.dropped': 1,
  'meeting.census': 2,
  'meeting.usage': 3,
  'browser.web_vital': 4,
};

const categoryOf = (event: EventName) => events[event].category as Category;

const laneOf = (event: EventName, route: string, category: Category) => `${priorities[event]}|${route}|${category}`;
const routeOf = (lane: string) => lane.slice(2, lane.lastIndexOf('|'));

export interface EntryParts {
  uid: string;
  route: string;
  category: Category;
  event: EventName;
  recordedAt: number;
  attributes: KeyValue[];
  resource: KeyValue[];
  severityNumber?: number;
}

export const toEntry = ({ event, route, category, uid, recordedAt, resource, ...parts }: EntryParts): Entry => {
  const record: LogRecord = {
    timeUnixNano: toUnixNano(recordedAt),
    severityNumber: parts.severityNumber ?? severity.info,
    eventName: event,
    attributes: [{ key: 'log.record.uid', value: { stringValue: uid } }, ...parts.attributes],
  };
  const bytes = JSON.stringify(record).length;
  return { lane: laneOf(event, route, category), route, category, uid, recordedAt, bytes, resource, record };
};

/** More than a queue ever holds. */
const all = 2 * limits.maxQueueEntries;

const sizeOf = async (tx: Transaction): Promise<Size> => (await tx.get('meta', 'size')) ?? { entries: 0, bytes: 0 };

const dropsKey = ({ route, category, reason }: Pick<Drops, 'route' | 'category' | 'reason'>) =>
  [route, category, reason].join('|');

const countDrop = async (tx: Transaction, route: string, category: Category, reason: DropReason, count: number) => {
  const key = dropsKey({ route, category, reason });
  const drops = (await tx.get<Drops>('drops', key)) ?? { route, category, reason, count: 0, reported: 0 };
  tx.put('drops', key, { ...drops, count: drops.count + count });
};

const attributeOf = (record: LogRecord, key: string) =>
  record.attributes.find(attribute => attribute.key === key)?.value;

/** A report of losses that is lost itself takes its number back; any other record is counted. */
const countLost = async (tx: Transaction, entry: Entry, reason: DropReason) => {
  if (entry.record.eventName !== 'telemetry.dropped') return countDrop(tx, entry.route, entry.category, reason, 1);
  const reported = attributeOf(entry.record, 'telemetry.dropped.reason')?.stringValue;
  const key = [entry.route, entry.category, reported].join('|');
  const drops = await tx.get<Drops>('drops', key);
  const count = Number(attributeOf(entry.record, 'telemetry.dropped.count')?.intValue);
  // Refused for good: saying it again would be refused again.
  if (drops && (reason === 'queue_overflow' || reason === 'expired')) {
    tx.put('drops', key, { ...drops, reported: drops.reported - count });
  }
};

/** Removes the entries that are still there. @returns those */
const removeEntries = async (tx: Transaction, entries: Entry[]): Promise<Entry[]> => {
  const present = await Promise.all(entries.map(entry => tx.has(entry.seq as number)));
  const removed = entries.filter((_, i) => present[i]);
  const size = await sizeOf(tx);
  for (const entry of removed) tx.remove(entry.seq as number);
  tx.put('meta', 'size', {
    entries: size.entries - removed.length,
    bytes: removed.reduce((bytes, entry) => bytes - entry.bytes, size.bytes),
  });
  return removed;
};

const loseEntries = async (tx: Transaction, entries: Entry[], reason: DropReason) => {
  for (const entry of await removeEntries(tx, entries)) await countLost(tx, entry, reason);
};

const appendEntries = async (tx: Transaction, entries: Entry[]) => {
  if (!entries.length) return;
  const size = await sizeOf(tx);
  for (const entry of entries) {
    tx.append(entry);
    size.entries++;
    size.bytes += entry.bytes;
  }
  tx.put('meta', 'size', { ...size });
};

/** Makes room: lowest priority first, oldest first. */
const evict = async (tx: Transaction, maxEntries: number, maxBytes: number, reason: DropReason) => {
  for (;;) {
    const size = await sizeOf(tx);
    if (size.entries <= maxEntries && size.bytes <= maxBytes) return;
    const lane = (await tx.lanes()).pop();
    if (lane === undefined) return;
    let excess = { entries: size.entries - maxEntries, bytes: size.bytes - maxBytes };
    const victims = (await tx.lane(lane, limits.maxBatchRecords)).filter(({ bytes }) => {
      const isOver = excess.entries > 0 || excess.bytes > 0;
      excess = { entries: excess.entries - 1, bytes: excess.bytes - bytes };
      return isOver;
    });
    await loseEntries(tx, victims, reason);
  }
};

const addCounters = async (tx: Transaction, route: string, counters: Addition['counters']) => {
  for (const { event, name, by } of counters) {
    const key = [route, event, name].join('|');
    const counter = await tx.get<Counter>('counters', key);
    tx.put('counters', key, { route, event, name, sum: (counter?.sum ?? 0) + by });
  }
};

interface Counter {
  route: string;
  event: EventName;
  name: string;
  sum: number;
}

/** Keeps the journal. @returns the entries that count: all but the results of attempts that have one */
const settleJoins = async (tx: Transaction, route: string, items: Item[]): Promise<Entry[]> => {
  const entries: Entry[] = [];
  for (const { entry, opens, closes } of items) {
    if (closes && !(await tx.get('joins', closes))) continue;
    if (opens) tx.put('joins', opens.id, { ...opens, route });
    if (closes) tx.delete('joins', closes);
    entries.push(entry);
  }
  return entries;
};

const applyAddition = async (tx: Transaction, { key, stopped }: Route, { items, counters, drops }: Addition) => {
  const fits = (entry: Entry) => entry.bytes <= limits.maxEntryBytes && !stopped;
  const entries = await settleJoins(tx, key, items);
  await appendEntries(tx, entries.filter(fits));
  for (const entry of entries) {
    if (!fits(entry)) await countDrop(tx, key, entry.category, stopped ? 'gone' : 'too_large', 1);
  }
  for (const { category, reason, count } of drops) await countDrop(tx, key, category, reason, count);
  await addCounters(tx, key, counters);
  await evict(tx, limits.maxQueueEntries, limits.maxQueueBytes, 'queue_overflow');
};

type Sums = Partial<Record<EventName, Attributes>>;

/** Takes the losses of a route that no record has told of yet, by category and reason. */
const takeDrops = async (tx: Transaction, route: Route): Promise<Drops[]> => {
  const open = (await tx.all<Drops>('drops')).filter(
    drops => drops.route === route.key && drops.count > drops.reported && route.categories.includes(drops.category),
  );
  for (const drops of open) tx.put('drops', dropsKey(drops), { ...drops, reported: drops.count });
  return open;
};

const takeCounters = async (tx: Transaction, key: string): Promise<Sums> => {
  const sums: Sums = {};
  for (const { route, event, name, sum } of await tx.all<Counter>('counters')) {
    if (route !== key) continue;
    sums[event] = { ...sums[event], [name]: sum };
    tx.delete('counters', [key, event, name].join('|'));
  }
  return sums;
};

/** Writes what was lost and what was counted as records, so that the queue carries them like any other. */
const writeReports = async (tx: Transaction, route: Route, now: number, uuid: () => string) => {
  const toReport = (event: EventName, category: Category, attributes: Attributes) =>
    toEntry({
      uid: uuid(),
      route: route.key,
      category,
      event,
      recordedAt: now,
      attributes: toKeyValues(attributes, name => boundOf(event, name) === 'double'),
      resource: route.resources[category],
    });
  const losses = (await takeDrops(tx, route)).map(({ category, reason, count, reported }) =>
    toReport('telemetry.dropped', category, {
      'telemetry.dropped.reason': reason,
      'telemetry.dropped.count': count - reported,
    }),
  );
  const sums = Object.entries(await takeCounters(tx, route.key)) as [EventName, Attributes][];
  const counts = sums.map(([event, attributes]) =>
    toReport(event, categoryOf(event), { ...route.frames[event], ...attributes }),
  );
  await appendEntries(tx, [...losses, ...counts]);
};

const keepSent = async (tx: Transaction, entries: Entry[], now: number) => {
  const sent = (await tx.get<SentRecord[]>('sent', 'lately')) ?? [];
  const latest = entries.slice(-limits.maxSentRecords).map(({ category, record, resource }) => ({
    category,
    record,
    resource,
    sentAt: now,
  }));
  tx.put('sent', 'lately', [...sent, ...latest].slice(-limits.maxSentRecords));
};

/** A record that was delivered, kept for the disclosure. */
export interface SentRecord {
  category: Category;
  resource: KeyValue[];
  record: LogRecord;
  sentAt: number;
}

/** Deletes the records of some categories, and the count of their losses. @returns how many records */
const deleteRecords = async (tx: Transaction, key: string, closed: readonly Category[]) => {
  let deleted = 0;
  for (const lane of await tx.lanes()) {
    if (routeOf(lane) !== key || !closed.some(category => lane.endsWith(`|${category}`))) continue;
    deleted += (await removeEntries(tx, await tx.lane(lane, all))).length;
  }
  for (const drops of await tx.all<Drops>('drops')) {
    if (drops.route === key && closed.includes(drops.category)) tx.delete('drops', dropsKey(drops));
  }
  return deleted;
};

const deleteRoute = async (tx: Transaction, key: string) => {
  tx.delete('routes', key);
  tx.delete('sent', 'lately');
  for (const join of await tx.all<OpenJoin>('joins')) if (join.route === key) tx.delete('joins', join.id);
  await takeCounters(tx, key);
};

const isQuota = (error: unknown) => (error as DOMException)?.name === 'QuotaExceededError';

export const createQueue = (storage: Storage, uuid: () => string) => {
  const write = <T>(work: (tx: Transaction) => Promise<T>) => storage.transact('readwrite', work);
  const read = <T>(work: (tx: Transaction) => Promise<T>) => storage.transact('readonly', work);

  const change = (tx: Transaction, key: string, to: (route: Route) => Partial<Route>) =>
    tx.get<Route>('routes', key).then(route => {
      if (route) tx.put('routes', key, { ...route, ...to(route) });
      return route;
    });

  const add = (key: string, addition: Addition) =>
    write(async tx => {
      const route = await tx.get<Route>('routes', key);
      if (route) await applyAddition(tx, route, addition);
      return !!route;
    });

  return {
    get durable() {
      return storage.durable;
    },

    /** Opens a route, or tells the sender what has changed about it. What the sender knows of it stays. */
    open: (opening: RouteOpening) =>
      write(async tx => {
        const fresh = { attempts: 0, nextAttemptAt: 0, unreachable: false, plain: false, stopped: false };
        const known = await tx.get<Route>('routes', opening.key);
        tx.put('routes', opening.key, { ...fresh, ...known, ...opening, held: false });
      }),

    /**
     * Commits what the recorder has. Full storage evicts half of the queue, lowest priority first, and tries once more.
     * @returns false when the route has been purged: nothing was stored
     * @throws QuotaExceededError when even that does not help
     */
    add: async (key: string, addition: Addition): Promise<boolean> => {
      try {
        return await add(key, addition);
      } catch (error) {
        if (!isQuota(error)) throw error;
        await write(async tx => {
          const size = await sizeOf(tx);
          await evict(tx, size.entries >> 1, size.bytes >> 1, 'storage_full');
        });
        return add(key, addition);
      }
    },

    routes: () => read(tx => tx.all<Route>('routes')),

    update: (key: string, to: (route: Route) => Partial<Route>) => write(tx => change(tx, key, to)),

    /** Keys of the routes that have something to send. */
    waiting: () =>
      read(async tx => {
        const keys = new Set((await tx.lanes()).map(routeOf));
        for (const counter of await tx.all<Counter>('counters')) keys.add(counter.route);
        for (const drops of await tx.all<Drops>('drops')) if (drops.count > drops.reported) keys.add(drops.route);
        return keys;
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
        if (lane === undefined) return undefined;
        const entries = await tx.lane(lane, maxRecords);
        const [first] = entries;
        if (!first) return undefined;
        const resource = JSON.stringify(first.resource);
        let bytes = 0;
        const end = entries.findIndex(entry => {
          bytes += entry.bytes;
          return bytes > limits.maxBatchBytes || JSON.stringify(entry.resource) !== resource;
        });
        const { route, category } = first;
        return { route, category, resource: first.resource, entries: end < 0 ? entries : entries.slice(0, end) };
      }),

    /** The collector has them, all but `rejected`. */
    delivered: (entries: Entry[], rejected: number, now: number) =>
      write(async tx => {
        const [removed] = await removeEntries(tx, entries);
        if (!removed) return;
        await keepSent(tx, entries, now);
        if (rejected) await countDrop(tx, removed.route, removed.category, 'partial_success', rejected);
        await change(tx, removed.route, () => ({ attempts: 0, nextAttemptAt: 0, unreachable: false }));
      }),

    /** They will never be sent. */
    drop: (entries: Entry[], reason: DropReason) => write(tx => loseEntries(tx, entries, reason)),

    /** The collector is gone for good: nothing waits for it any more. */
    stop: (key: string) =>
      write(async tx => {
        for (const lane of await tx.lanes()) {
          if (routeOf(lane) === key) await loseEntries(tx, await tx.lane(lane, all), 'gone');
        }
        await change(tx, key, () => ({ stopped: true }));
      }),

    /** Drops what has waited too long. @returns how many */
    expire: (now: number) =>
      write(async tx => {
        const old = (await tx.oldest(limits.maxBatchRecords)).filter(entry => entry.recordedAt < now - limits.maxAgeMs);
        await loseEntries(tx, old, 'expired');
        return old.length;
      }),

    /**
     * Deletes what a route left behind: the categories named, or all of it and the route too.
     * @returns the number of entries deleted, and whether other routes remain
     */
    purge: (key: string, closed: readonly Category[] = categories) =>
      write(async tx => {
        const deleted = await deleteRecords(tx, key, closed);
        if (closed.length === categories.length) await deleteRoute(tx, key);
        return { deleted, remaining: (await tx.keys('routes')).length };
      }),

    size: () => read(sizeOf),
    drops: () => read(tx => tx.all<Drops>('drops')),
    joins: (key: string) => read(async tx => (await tx.all<OpenJoin>('joins')).filter(join => join.route === key)),
    /** For the disclosure: the records waiting (the oldest of them) and those lately sent. */
    disclose: (limit: number) =>
      read(async tx => ({
        waiting: await tx.oldest(limit),
        sent: (await tx.get<SentRecord[]>('sent', 'lately')) ?? [],
        drops: await tx.all<Drops>('drops'),
      })),

    /** Reads and replaces one value of `meta` in one transaction. `undefined` leaves it. @returns the value after */
    remember: <T>(name: string, next: (value: T | undefined) => T | undefined) =>
      write(async tx => {
        const value = await tx.get<T>('meta', name);
        const changed = next(value);
        if (changed !== undefined) tx.put('meta', name, changed);
        return changed ?? value;
      }),

    destroy: () => storage.destroy(),
    close: () => storage.close(),
  };
};

export type Queue = ReturnType<typeof createQueue>;
