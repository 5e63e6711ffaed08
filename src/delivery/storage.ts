/**
 * The transactional tables under the queue. Two keep them: IndexedDB (`indexed-db.ts`) and memory (`memory.ts`),
 * which is the last resort in a page and the disk of the simulation.
 *
 * An implementation must
 * - run read-write transactions one after another, each seeing all before it;
 * - apply a transaction whole or not at all, and resolve only once it is applied;
 * - reject when the work rejects, having applied nothing.
 */
import type { Category, KeyValue, LogRecord } from '../practices/index.js';

/** A log record waiting in the queue. */
export interface Entry {
  /** Order of arrival; assigned by the storage. */
  seq?: number;
  /** `priority|route|category`: what may share a batch, sorted by urgency. See `laneOf`. */
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

export interface Tables {
  entries: Entry;
  routes: unknown;
  drops: unknown;
  joins: unknown;
  counters: unknown;
  sent: unknown;
  meta: unknown;
}
export type Table = keyof Tables;
/** Tables other than `entries` are keyed by a string given at `put`. */
export type KeyedTable = Exclude<Table, 'entries'>;

export const tables: readonly Table[] = ['entries', 'routes', 'drops', 'joins', 'counters', 'sent', 'meta'];

export interface Transaction {
  get<T>(table: KeyedTable, key: string): Promise<T | undefined>;
  put(table: KeyedTable, key: string, value: unknown): void;
  all<T>(table: KeyedTable): Promise<T[]>;
  keys(table: KeyedTable): Promise<string[]>;
  delete(table: KeyedTable, key: string): void;
  append(entry: Entry): void;
  has(seq: number): Promise<boolean>;
  remove(seq: number): void;
  /** The lanes that hold entries, most urgent first. */
  lanes(): Promise<string[]>;
  /** The oldest entries of a lane. */
  lane(lane: string, limit: number): Promise<Entry[]>;
  /** The oldest entries of all lanes. */
  oldest(limit: number): Promise<Entry[]>;
}

export type Mode = 'readonly' | 'readwrite';

export interface Storage {
  /** false: what it holds is gone with the page. */
  durable: boolean;
  transact<T>(mode: Mode, work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /** Deletes everything, the database included. */
  destroy(): Promise<void>;
  close(): void;
}
