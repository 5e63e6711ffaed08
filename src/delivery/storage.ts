/**
 * The transactional tables under the queue. Two keep them: IndexedDB (`indexed-db.ts`) and memory (`memory.ts`),
 * which is the last resort in a page and the disk of the simulation.
 *
 * An implementation must
 * - run transactions one after another, each seeing all before it;
 * - apply a transaction whole or not at all, and resolve only once it is applied;
 * - reject when the work rejects, having applied nothing;
 * - hand out copies, which the work may change before it puts them back.
 */

/** Rows of `entries` hold their own key, `seq`; those of other tables are put under a string. */
export type Table = 'entries' | 'routes' | 'meta' | (typeof inheritedTables)[number];

/** Written by 0.1.0, see `inherited.ts`. */
export const inheritedTables = ['drops', 'joins', 'counters'] as const;

/** All but `entries`. */
export const keyedTables: readonly Table[] = ['routes', 'meta', ...inheritedTables];

/** The disk is full, or what the origin may take of it. */
export const isQuotaExceeded = (error: unknown): boolean => (error as DOMException).name === 'QuotaExceededError';

export type Key = string | number;

export interface Transaction {
  get<T>(table: Table, key: Key): Promise<T | undefined>;
  /** @param key absent in `entries`, where one without a `seq` comes last */
  put(table: Table, value: unknown, key?: Key): void;
  delete(table: Table, key: Key): void;
  /**
   * The oldest rows of a table; of `entries`, also those of some lanes, one lane after another.
   * @param lane how the lanes begin; '' is the inbox alone
   */
  all<T>(table: Table, limit?: number, lane?: string): Promise<T[]>;
}

export interface Storage {
  /** false: what it holds is gone with the page. */
  durable: boolean;
  transact<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /** Deletes everything, the database included. */
  destroy(): Promise<void>;
  close(): void;
}
