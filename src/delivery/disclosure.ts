import type { Category } from '../practices/index.js';
import type { DropReason } from './drops.js';
import type { SentEntry } from './outgoing.js';
import { allPosted, countQueued } from './queue.js';
import type { Entry, Posted, Route } from './rows.js';
import type { Storage } from './storage.js';

export interface Drops {
  category: Category;
  reason: DropReason;
  count: number;
}

/** What the queue holds, for whoever asks on behalf of the person it is about. */
export interface Disclosure {
  /** The oldest records waiting. */
  waiting: Entry[];
  /** All that wait. */
  waitingCount: number;
  /** Those lately delivered, oldest first. */
  sent: SentEntry[];
  drops: Drops[];
}

const dropsOf = ({ kept = {} }: Route): Drops[] =>
  (Object.keys(kept) as Category[]).flatMap(category =>
    Object.entries(kept[category]?.lost ?? {}).map(([reason, count]) => ({
      category,
      reason: reason as DropReason,
      count,
    })),
  );

export const disclose = (storage: Storage, limit: number): Promise<Disclosure> =>
  storage.transact(async tx => ({
    waiting: (await tx.all<Entry | Posted>('entries', limit)).flatMap(row =>
      'addition' in row ? row.addition.items.map(({ entry }) => entry) : row,
    ),
    waitingCount: await countQueued(tx, await allPosted(tx)),
    sent: (await tx.get<SentEntry[]>('meta', 'sent')) ?? [],
    drops: (await tx.all<Route>('routes')).flatMap(dropsOf),
  }));
