/**
 * The transactional tables under the queue. Two keep them: IndexedDB (`indexed-db.ts`) and memory (`memory.ts`),
 * which is the last resort in a page and the disk of the simulation.
 *
 * An implementation must
 * - run read-write transactions one after another, each seeing all before it;
 * - apply a transaction whole or not at all, and resolve only once it is applied;
 * - reject when the work rejects, having applied nothing.
 */
import type { Entry, Posted } from './rows.js';

export type Table = 'entries' | 'routes' | 'drops' | 'joins' | 'counters' | 'meta';

/** Tables other than `entries` are keyed by a string given at `put`. */
export type KeyedTable = Exclude<Table, 'entries'>;

export const tables: readonly Table[] = ['entries', 'routes', 'drops', 'joins', 'counters', 'meta'];

export interface Transaction {
  get<T>(table: KeyedTable, key: string): Promise<T | undefined>;
  put(table: KeyedTable, key: string, value: unknown): void;
  all<T>(table: KeyedTable): Promise<T[]>;
  delete(table: KeyedTable, key: string): void;
  append(row: Entry | Posted): void;
  has(seq: number): Promise<boolean>;
  remove(seq: number): void;
  /** The lanes that hold entries, most urgent first. */
  lanes(): Promise<string[]>;
  /** The oldest entries of a lane, or of all lanes. */
  entries<T = Entry>(lane: string | undefined, limit: number): Promise<T[]>;
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
