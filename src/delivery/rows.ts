/** What the tables hold. */
import type { Attributes, Category, EventName, KeyValue, LogRecord, Surface } from '../practices/index.js';
import { severity, toUnixNano } from '../practices/otlp.js';
import type { DropReason } from './drops.js';
import type { Transaction } from './storage.js';

/** A log record waiting in the queue. */
export interface Entry {
  /** Order of arrival; assigned by the storage. */
  seq?: number;
  /** `priority|route|category`: what may share a batch, sorted by urgency. */
  lane: string;
  route: string;
  category: Category;
  uid: string;
  /** Milliseconds since the epoch. */
  recordedAt: number;
  /** Length of the record as JSON. */
  bytes: number;
  resource: KeyValue[];
  record: LogRecord;
}

/** One record, with what it does to the journal of open attempts. */
export interface Item {
  entry: Entry;
  opens?: Omit<OpenJoin, 'route'> | undefined;
  /** Not kept when the journal holds no such attempt: another tab has written its result. */
  closes?: string | undefined;
}

/** What the recorder hands in at once. */
export interface Addition {
  items: Item[];
  /** Sums to add, by event and attribute. */
  counters: { event: EventName; name: string; by: number }[];
  drops: { category: Category; reason: DropReason; count: number }[];
}

/** An addition as the page leaves it, among the entries, until a sender sorts it in (`intake.ts`). */
export interface Posted {
  seq?: number;
  lane: typeof inbox;
  route: string;
  addition: Addition;
}

/** More than a queue ever holds. */
export const unlimited = 1e6;

/** The lane of what is posted: before all others. */
export const inbox = '';

/** Where the entries of one tag go, and whose flag governs them: the page's part. */
export interface RouteOpening {
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
  /** The flag could not be read since: queue, but send nothing before it has been. */
  held: boolean;
  /** Resource attributes per category, for records that the sender writes itself. */
  resources: Record<Category, KeyValue[]>;
  /** What counters are sent with: attributes of the record that carries them. */
  frames: Partial<Record<EventName, Attributes>>;
}

/** With the sender's part, absent until it has something to say. */
export interface Route extends RouteOpening {
  /** Failed attempts in a row. */
  attempts?: number;
  /** No request before, ms since the epoch. */
  nextAttemptAt?: number;
  /** The last attempt got no answer, so that news of the network lifts the deadline. */
  unreachable?: boolean;
  /** The collector refused gzip (415). */
  plain?: boolean;
  /** The collector said 410: never again. */
  stopped?: boolean;
}

/** A join attempt without a result yet, so that one whose tab died can be told from one that goes on. */
export interface OpenJoin {
  id: string;
  /** When it started, ms since the epoch. */
  at: number;
  /** What its result repeats of the attempt. */
  attributes: Attributes;
  route: string;
}

export interface Drops {
  route: string;
  category: Category;
  reason: DropReason;
  count: number;
  /** How many of them stand in a `telemetry.dropped` record. */
  reported: number;
}

/** A sum that the next flush turns into a record. */
export interface Counter {
  route: string;
  event: EventName;
  name: string;
  sum: number;
}

/** All entries; kept beside them, for scanning the queue costs. */
export interface Size {
  entries: number;
  bytes: number;
}

/** Urgency: who could not join and why first, vitals last. */
const priorities: Record<EventName, number> = {
  'meeting.join.attempt': 0,
  'meeting.join.result': 0,
  exception: 1,
  'telemetry.dropped': 1,
  'meeting.census': 2,
  'meeting.usage': 3,
  'browser.web_vital': 4,
};

export interface EntryParts {
  uid: string;
  route: string;
  category: Category;
  event: EventName;
  recordedAt: number;
  attributes: KeyValue[];
  resource: KeyValue[];
  severityNumber?: number | undefined;
}

export const toEntry = (parts: EntryParts): Entry => {
  const { event: eventName, route, category, uid, recordedAt, resource } = parts;
  const record: LogRecord = {
    timeUnixNano: toUnixNano(recordedAt),
    severityNumber: parts.severityNumber ?? severity.info,
    eventName,
    attributes: [{ key: 'log.record.uid', value: { stringValue: uid } }, ...parts.attributes],
  };
  const lane = `${priorities[eventName]}|${route}|${category}`;
  return { lane, route, category, uid, recordedAt, bytes: JSON.stringify(record).length, resource, record };
};

export const keyOf = (...parts: string[]): string => parts.join('|');

export const getSize = async (tx: Transaction): Promise<Size> =>
  (await tx.get('meta', 'size')) ?? { entries: 0, bytes: 0 };

/** Adds to the size of the queue what has come, or takes off what has gone (sign -1). */
export const resize = async (tx: Transaction, changed: Entry[], sign: 1 | -1): Promise<void> => {
  const { entries, bytes } = await getSize(tx);
  const sum = changed.reduce((total, entry) => total + entry.bytes, 0);
  tx.put('meta', 'size', { entries: entries + sign * changed.length, bytes: bytes + sign * sum });
};

export const countDrop = async (
  tx: Transaction,
  route: string,
  category: Category,
  reason: DropReason,
  count: number,
): Promise<void> => {
  const key = keyOf(route, category, reason);
  const drops = (await tx.get<Drops>('drops', key)) ?? { route, category, reason, count: 0, reported: 0 };
  tx.put('drops', key, { ...drops, count: drops.count + count });
};
