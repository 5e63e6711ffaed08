/**
 * The recorder's end of the queue. The page posts what it has in one blind write: a page that is being left is gone
 * before it could read an answer (Chromium and Firefox lose every transaction that reads first in `pagehide`). Whoever
 * flushes next sorts it in: see `intake.ts`.
 */
import {
  type Addition,
  getSize,
  inbox,
  type OpenJoin,
  type Posted,
  type Route,
  type RouteOpening,
  type Size,
  unlimited,
} from './rows.js';
import type { Storage } from './storage.js';

export const createQueue = (storage: Storage) => ({
  storage,

  /** Opens a route, or says what has changed about it. What the sender knows of it stays. @returns it as it was */
  open: (opening: RouteOpening): Promise<Route | undefined> =>
    storage.transact('readwrite', async tx => {
      const before = await tx.get<Route>('routes', opening.key);
      tx.put('routes', opening.key, { ...before, ...opening });
      return before;
    }),

  /**
   * Commits what the recorder has.
   * @throws QuotaExceededError when the storage is full
   */
  add: (route: string, addition: Addition): Promise<void> =>
    storage.transact('readwrite', async tx => tx.append({ lane: inbox, route, addition })),

  size: (): Promise<Size> =>
    storage.transact('readonly', async tx => {
      const { entries, bytes } = await getSize(tx);
      const posted = await tx.entries<Posted>(inbox, unlimited);
      return { bytes, entries: posted.reduce((sum, { addition }) => sum + addition.items.length, entries) };
    }),

  joins: (key: string): Promise<OpenJoin[]> =>
    storage.transact('readonly', async tx => (await tx.all<OpenJoin>('joins')).filter(({ route }) => route === key)),
});

export type Queue = ReturnType<typeof createQueue>;
