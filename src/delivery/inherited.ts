/**
 * What 0.1.0 kept in tables of its own and a route now holds itself, taken over by the page that opens next. Rows of a
 * route that has been purged are deleted.
 */
import type { Category, EventName } from '../practices/index.js';
import type { DropReason } from './drops.js';
import { change, countLoss, keptOf } from './kept.js';
import type { OpenJoin, Route } from './rows.js';
import { inheritedTables, type Transaction } from './storage.js';

/** The rows of the three tables, told apart by what they have. */
interface Inherited extends OpenJoin {
  route: string;
  category: Category;
  reason: DropReason;
  count: number;
  reported: number;
  event: EventName;
  name: string;
  sum: number;
}

const keyOf = ({ id, route, category, reason, event, name }: Inherited) =>
  id ?? [route, category ?? event, reason ?? name].join('|');

const into = (route: Route, { id, at, attributes, category, reason, count, reported, event, name, sum }: Inherited) => {
  if (id) keptOf(route, 'usage').joins[id] = { id, at, attributes };
  else if (reason) countLoss(route, category, reason, count, count - reported);
  else route.counters = [...(route.counters ?? []), { event, name, by: sum }];
};

export const inherit = async (tx: Transaction): Promise<void> => {
  for (const table of inheritedTables) {
    for (const row of await tx.all<Inherited>(table)) {
      tx.delete(table, keyOf(row));
      await change(tx, row.route, route => into(route, row));
    }
  }
};
