/** What the tables hold. */
import type { Attributes, Category, EventName, KeyValue, LogRecord, Surface } from '../practices/index.js';
import { severity, toUnixNano } from '../practices/otlp.js';
import type { DropReason } from './drops.js';

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
  opens?: OpenJoin | undefined;
  /** Not kept when the journal holds no such attempt: another tab has written its result. */
  closes?: string | undefined;
}

/** What the recorder hands in at once. */
export interface Addition {
  items: Item[];
  drops: { category: Category; reason: DropReason; count: number }[];
  /** Posted by 0.1.0, which summed them in the queue. */
  counters?: Counter[];
}

/** What an attribute of a counted event rises by. */
export interface Counter {
  event: EventName;
  name: string;
  by: number;
}

/** An addition as the page leaves it, among the entries, until a sender sorts it in (`intake.ts`). */
export interface Posted {
  seq?: number;
  lane: typeof inbox;
  route: string;
  addition: Addition;
  /** Posted twice, by the page and by the worker, under one id: taken in once. */
  once?: string | undefined;
}

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
  kept?: Partial<Record<Category, Kept>>;
  /** The last ids of what may be posted twice and has been taken in. */
  taken?: string[];
  /** Inherited of 0.1.0: the next page makes records of them. */
  counters?: Counter[];
}

export type Counts = Record<string, number>;

/** What a route keeps of a category beside its entries. */
export interface Kept {
  /** Losses by reason, all there ever were. */
  lost: Counts;
  /** Those that no `telemetry.dropped` record tells of yet: the next page that flushes makes one. */
  untold: Counts;
  /** The journal of open attempts, by id. */
  joins: Record<string, OpenJoin>;
}

/** A join attempt without a result yet, so that one whose tab died can be told from one that goes on. */
export interface OpenJoin {
  id: string;
  /** When it started, ms since the epoch. */
  at: number;
  /** What its result repeats of the attempt. */
  attributes: Attributes;
}

/** All entries that are sorted in; kept beside them, for scanning the queue costs. */
export interface Size {
  entries: number;
  bytes: number;
}

/** Urgency: who could not join and why first, vitals last. */
const priorities = [/^meeting\.join/, /^(exception|telemetry)/, /census$/, /usage$/, /vital$/];

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
  const priority = priorities.findIndex(events => events.test(eventName));
  const lane = `${priority}|${route}|${category}`;
  return { lane, route, category, uid, recordedAt, bytes: JSON.stringify(record).length, resource, record };
};
