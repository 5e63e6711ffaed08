/** A route's row, as the sender's end reads and changes it. */
import type { Category } from '../practices/index.js';
import type { DropReason } from './drops.js';
import type { Counts, Entry, Kept, Route } from './rows.js';
import type { Transaction } from './storage.js';

/** Changes the row of a route, unless it has been purged. @param work changes it, or returns what is to be changed */
export const change = async (
  tx: Transaction,
  key: string,
  work: ((route: Route) => Partial<Route>) | ((route: Route) => void),
): Promise<void> => {
  const route = await tx.get<Route>('routes', key);
  if (route) tx.put('routes', Object.assign(route, work(route)), key);
};

export const keptOf = (route: Route, category: Category): Kept => {
  route.kept ??= {};
  route.kept[category] ??= { lost: {}, untold: {}, joins: {} };
  return route.kept[category];
};

const add = (counts: Counts, name: string, by: number): void => {
  counts[name] = (counts[name] ?? 0) + by;
};

export const countLoss = (route: Route, category: Category, reason: DropReason, count = 1, untold = count): void => {
  const kept = keptOf(route, category);
  add(kept.lost, reason, count);
  if (untold) add(kept.untold, reason, untold);
};

/**
 * A report of losses is not evicted, nor dropped with what the collector refuses: it waits to be told, once. When it is
 * lost all the same (refused alone, a week old), it is not counted, for its loss would only make another report.
 */
export const isReport = ({ record }: Entry): boolean => record.eventName === 'telemetry.dropped';
