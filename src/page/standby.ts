/**
 * What the page does itself when nobody else can: queue without a database, send without a worker, purge. A chunk of
 * its own, so that a page where all is well never loads it.
 */
import {
  createExclusively,
  createMemoryStorage,
  inOrder,
  isOurWorker,
  type Kept,
  limits,
  type Notice,
  openChannel,
  openIndexedDb,
  purge as purgeRoute,
  type Route,
  type RouteOpening,
  type Sender,
  type Storage,
  tell,
  uuid,
  withdraw as withdrawCategories,
} from '../delivery/index.js';
import { inherit } from '../delivery/inherited.js';
import { openSender } from '../delivery/open-sender.js';
import { categories } from '../practices/index.js';
import { fire } from './fire.js';
import type { Receipt } from './opening.js';

export { reconcile } from './instruments/reconcile.js';
export { tell };

/** The queue of a page without a database, which is said in the next report. */
export const openMemory = async (route: RouteOpening): Promise<Storage> => {
  const memory = createMemoryStorage();
  const kept: Kept = { lost: {}, untold: { storage_unavailable: 0 }, joins: {} };
  await memory.transact(async tx => tx.put('routes', { ...route, kept: { error: kept } }, route.key));
  return memory;
};

/**
 * Whether an earlier open answer allows events to be queued while the configuration cannot be reached. Then nothing is
 * sent before it has been.
 */
export const holdInGrace = async (key: string): Promise<boolean> => {
  const storage = await openIndexedDb(false).catch(() => undefined);
  if (!storage) return false;
  const isHeld = await storage.transact(async tx => {
    const route = await tx.get<Route>('routes', key);
    const ageMs = Date.now() - (route?.checkedAt ?? 0);
    if (!route || ageMs < 0 || ageMs > limits.gateGraceMs) return false;
    tx.put('routes', { ...route, held: true }, key);
    return true;
  });
  storage.close();
  return isHeld;
};

const unregisterWorker = async (): Promise<void> => {
  for (const registration of (await navigator.serviceWorker?.getRegistrations()) ?? []) {
    const worker = registration.active ?? registration.waiting ?? registration.installing;
    if (worker && isOurWorker(new URL(worker.scriptURL))) await registration.unregister();
  }
};

/** Deletes database, ids and worker. A host page's own worker is not ours. */
export const leaveOrigin = async (storage: Storage): Promise<void> => {
  await Promise.all([storage.destroy(), unregisterWorker()]);
};

export const openOwnSender = (storage: Storage, notify: (notice: Notice) => void): Sender =>
  openSender(storage, {
    exclusively: createExclusively(storage, uuid, Date.now, navigator.locks as LockManager | undefined),
    notify,
    leave: () => leaveOrigin(storage),
  });

/** Takes over what an earlier version has left behind. */
export const takeOver = (storage: Storage) => storage.transact(inherit);

/** Deletes what a route has kept of the categories that are closed now. @param host hears of the loss */
export const withdraw = async (storage: Storage, { key, categories: open }: RouteOpening, host: EventTarget) => {
  const closed = categories.filter(category => !open.includes(category));
  const deleted = await storage.transact(tx => withdrawCategories(tx, key, closed));
  if (deleted) fire(host, 'dropped', { count: deleted, reason: 'purged' });
};

/**
 * Deletes what some routes have left behind, in this tab and all others; with the last route goes everything.
 * @param isMeant which routes
 * @param host hears of the loss
 */
export const purge = (isMeant: (route: Route) => boolean, host: EventTarget): Promise<Receipt> =>
  inOrder(navigator.locks, async () => {
    const channel = openChannel(() => {});
    const receipt: Receipt = { records: 0, everything: true, at: Date.now() };
    const storage = await openIndexedDb(false).catch(() => undefined);
    if (storage) {
      const routes = () => storage.transact(tx => tx.all<Route>('routes'));
      for (const { key } of (await routes()).filter(isMeant)) {
        receipt.records += (await storage.transact(tx => purgeRoute(tx, key))).deleted;
        channel.postMessage({ type: 'closed', route: key, reason: 'purged' });
      }
      receipt.everything = !(await routes()).length;
    }
    if (receipt.everything) {
      channel.postMessage({ type: 'purged' });
      await (storage ? leaveOrigin(storage) : unregisterWorker());
    } else storage?.close();
    channel.close();
    if (receipt.records) fire(host, 'dropped', { count: receipt.records, reason: 'purged' });
    return receipt;
  });
