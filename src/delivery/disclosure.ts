import type { SentRecord } from './outgoing.js';
import { type Drops, type Entry, getSize, type Posted, type Size } from './rows.js';
import type { Storage } from './storage.js';

/** What the queue holds, for whoever asks on behalf of the person it is about. */
export interface Disclosure {
  /** The oldest records waiting. */
  waiting: Entry[];
  /** Those lately delivered, oldest first. */
  sent: SentRecord[];
  drops: Drops[];
  /** Of all that waits. */
  size: Size;
}

export const disclose = (storage: Storage, limit: number): Promise<Disclosure> =>
  storage.transact('readonly', async tx => ({
    waiting: (await tx.entries<Entry | Posted>(undefined, limit)).flatMap(row =>
      'addition' in row ? row.addition.items.map(({ entry }) => entry) : row,
    ),
    sent: (await tx.get<SentRecord[]>('meta', 'sent')) ?? [],
    drops: await tx.all<Drops>('drops'),
    size: await getSize(tx),
  }));
