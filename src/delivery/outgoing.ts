/** The sender's end of the queue: what goes out next, what became of it, what was lost. */
import type { Category } from '../practices/index.js';
import type { DropReason } from './drops.js';
import { resize, takeIn } from './intake.js';
import { change, countLoss, isReport } from './kept.js';
import { limits } from './limits.js';
import { allPosted, countQueued, getSize } from './queue.js';
import { isBound } from './retry.js';
import type { Entry, Route, Size } from './rows.js';
import { isQuotaExceeded, type Storage, type Transaction } from './storage.js';

/** An entry that was delivered, kept for the disclosure. */
export interface SentEntry extends Entry {
  sentAt: number;
}

/**
 * Those of a batch that are still there: a purge or an eviction may have been quicker. A batch was the head of its lane, so
 * what is left of it still is; asked for one by one, five hundred take tenths of a second (Chromium).
 */
export const stillThere = async (tx: Transaction, batch: Entry[]): Promise<Entry[]> => {
  const head = await tx.all<Entry>('entries', batch.length, batch[0]?.lane);
  const present = new Set(head.map(({ seq }) => seq));
  return batch.filter(({ seq }) => present.has(seq));
};

const remove = async (tx: Transaction, entries: Entry[]): Promise<void> => {
  for (const { seq } of entries) tx.delete('entries', seq as number);
  await resize(tx, entries, -1);
};

/** They will never be sent. @returns how many they are */
export const drop = async (tx: Transaction, entries: Entry[], reason: DropReason): Promise<number> => {
  await remove(tx, entries);
  for (const entry of entries) {
    if (!isReport(entry)) await change(tx, entry.route, route => countLoss(route, entry.category, reason));
  }
  return entries.length;
};

/** Makes room: lowest priority first, oldest first. */
const evict = async (tx: Transaction, max: Size, reason: DropReason, priority = 4): Promise<void> => {
  const size = await getSize(tx);
  const isOver = () => size.entries > max.entries || size.bytes > max.bytes;
  if (!isOver() || priority < 0) return;
  const victims = (await tx.all<Entry>('entries', limits.maxBatchRecords, `${priority}`)).filter(entry => {
    if (isReport(entry) || !isOver()) return false;
    size.entries--;
    size.bytes -= entry.bytes;
    return true;
  });
  await evict(tx, max, reason, (await drop(tx, victims, reason)) ? priority : priority - 1);
};

/** Takes in what was posted, and keeps the queue within its limits. */
const sortIn = async (tx: Transaction, now: number, share: number) => {
  await takeIn(tx, share);
  const oldest = await tx.all<Entry>('entries', limits.maxBatchRecords);
  const expired = oldest.filter(({ recordedAt }) => recordedAt < now - limits.maxAgeMs);
  await drop(tx, expired, 'expired');
  await evict(tx, { entries: limits.maxQueueEntries, bytes: limits.maxQueueBytes }, 'queue_overflow');
};

/** A disk that has no room for so little of what was posted has none at all. */
const smallestShare = 1 / 256;

const halve = async (tx: Transaction) => {
  const { entries, bytes } = await getSize(tx);
  await evict(tx, { entries: entries >> 1, bytes: bytes >> 1 }, 'storage_full');
};

/**
 * Sorts in what was posted, then drops what has waited too long and what the limits have no room for. A full disk halves
 * the queue first, for sorting in takes room too.
 * @param share how much of what was posted is taken in, see `takeIn`
 */
export const tidy = async (transact: Storage['transact'], now: number, isFull: boolean, share = 1): Promise<void> => {
  if (isFull) await transact(halve);
  try {
    await transact(tx => sortIn(tx, now, share));
  } catch (error) {
    if (!isQuotaExceeded(error) || share < smallestShare) throw error;
    await tidy(transact, now, true, share / 2);
  }
};

/** What is posted has no lane yet. */
const allOf = async (tx: Transaction, key: string): Promise<Entry[]> =>
  (await tx.all<Entry>('entries')).filter(({ lane, route }) => lane && route === key);

const mostUrgent = async (tx: Transaction, key: string, limit: number): Promise<Entry[]> => {
  for (const priority of [0, 1, 2, 3, 4]) {
    const entries = await tx.all<Entry>('entries', limit, `${priority}|${key}|`);
    if (entries.length) return entries;
  }
  return [];
};

/** The next batch of a route: the most urgent, oldest first, of one category and one resource, within the limits. */
export const peek = async (tx: Transaction, key: string, limit: number): Promise<Entry[]> => {
  const entries = await mostUrgent(tx, key, limit);
  const kindOf = ({ lane, resource }: Entry) => lane + JSON.stringify(resource);
  let bytes = 0;
  const end = entries.findIndex(entry => {
    bytes += entry.bytes;
    return bytes > limits.maxBatchBytes || kindOf(entry) !== kindOf(entries[0] as Entry);
  });
  return end < 0 ? entries : entries.slice(0, end);
};

/** How many records wait, and the routes of which some do: not those whose collector is gone. */
export const findWaiting = async (tx: Transaction): Promise<{ queued: number; routes: Route[] }> => {
  const posted = await allPosted(tx);
  const routes: Route[] = [];
  for (const route of await tx.all<Route>('routes')) {
    const isPosted = posted.some(row => row.route === route.key);
    if (!route.stopped && (isPosted || (await mostUrgent(tx, route.key, 1)).length)) routes.push(route);
  }
  return { queued: await countQueued(tx, posted), routes };
};

/** The collector has them, all but `rejected`. */
export const deliver = async (tx: Transaction, entries: Entry[], rejected: number, now: number): Promise<void> => {
  const there = await stillThere(tx, entries);
  const [any] = there;
  if (!any) return;
  await remove(tx, there);
  const sent = (await tx.get<SentEntry[]>('meta', 'sent')) ?? [];
  const latest = entries.map(entry => ({ ...entry, sentAt: now }));
  tx.put('meta', [...sent, ...latest].slice(-limits.maxSentRecords), 'sent');
  await change(tx, any.route, route => {
    const lost = Math.min(rejected, entries.filter(entry => !isReport(entry)).length);
    if (lost) countLoss(route, any.category, 'partial_success', lost);
    return isBound(route, now) ? {} : { attempts: 0, nextAttemptAt: 0, unreachable: false };
  });
};

/** The collector is gone for good: nothing waits for it any more. @returns how many entries did */
export const stop = async (tx: Transaction, key: string): Promise<number> => {
  await change(tx, key, () => ({ stopped: true }));
  return drop(tx, await allOf(tx, key), 'gone');
};

/** Deletes a route and what it left behind. @returns the number of entries deleted, and whether other routes remain */
export const purge = async (tx: Transaction, key: string): Promise<{ deleted: number; isLast: boolean }> => {
  await takeIn(tx);
  const rest = await allOf(tx, key);
  await remove(tx, rest);
  tx.delete('meta', 'sent');
  tx.delete('routes', key);
  return { deleted: rest.length, isLast: !(await tx.all('routes')).length };
};

/** Deletes what a route left behind of some categories. @returns the number of entries deleted */
export const withdraw = async (tx: Transaction, key: string, closed: readonly Category[]): Promise<number> => {
  await takeIn(tx);
  const rest = (await allOf(tx, key)).filter(({ category }) => closed.includes(category));
  await remove(tx, rest);
  tx.delete('meta', 'sent');
  await change(tx, key, ({ kept }) => {
    for (const category of closed) delete kept?.[category];
  });
  return rest.length;
};
