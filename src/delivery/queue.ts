/**
 * The recorder's end of the queue. The page posts what it has in one blind write: a page that is being left is gone
 * before it could read an answer (Chromium and Firefox lose every transaction that reads first in `pagehide`). Whoever
 * flushes next sorts it in: see `intake.ts`.
 */
import { type Addition, inbox, type Posted, type Route, type RouteOpening, type Size } from './rows.js';
import { inheritedTables, type Storage, type Transaction } from './storage.js';

export const allPosted = (tx: Transaction): Promise<Posted[]> => tx.all('entries', undefined, inbox);

/** Of what is sorted in. */
export const getSize = async (tx: Transaction): Promise<Size> =>
  (await tx.get('meta', 'size')) ?? { entries: 0, bytes: 0 };

/** How many records wait, those included that nobody has sorted in yet. */
export const countQueued = async (tx: Transaction, posted: Posted[]): Promise<number> =>
  (await getSize(tx)).entries + posted.flatMap(({ addition }) => addition.items).length;

export const createQueue = (storage: Storage) => ({
  storage,

  /**
   * Opens a route, or says what has changed about it. What the sender knows of it stays.
   * @returns it as it was, and whether there is something to take over (`inherited.ts`)
   */
  open: (opening: RouteOpening): Promise<{ before: Route | undefined; inherits: boolean }> =>
    storage.transact(async tx => {
      const before = await tx.get<Route>('routes', opening.key);
      tx.put('routes', { ...before, ...opening }, opening.key);
      const old = await Promise.all(inheritedTables.map(table => tx.all(table, 1)));
      return { before, inherits: old.flat().length > 0 };
    }),

  /**
   * Commits what the recorder has.
   * @throws QuotaExceededError when the storage is full
   */
  add: (route: string, addition: Addition, once?: string): Promise<void> =>
    storage.transact(async tx => tx.put('entries', { lane: inbox, route, addition, once })),

  count: (): Promise<number> => storage.transact(async tx => countQueued(tx, await allPosted(tx))),

  /** What is kept of a route. */
  route: (key: string): Promise<Route | undefined> => storage.transact(tx => tx.get<Route>('routes', key)),
});

export type Queue = ReturnType<typeof createQueue>;
