import {
  createQueue,
  isOurWorker,
  type Notice,
  openChannel,
  openIndexedDb,
  type Queue,
  type Route,
  uuid,
} from '../delivery/index.js';

/** What was deleted. */
export interface Receipt {
  /** Records that had not been sent. */
  records: number;
  /** The database, the ids and the worker are gone too: no other pool of this origin collects. */
  everything: boolean;
  /** Milliseconds since the epoch. */
  at: number;
}

const unregisterWorker = async (): Promise<void> => {
  for (const registration of (await navigator.serviceWorker?.getRegistrations()) ?? []) {
    const worker = registration.active ?? registration.waiting ?? registration.installing;
    if (worker && isOurWorker(worker.scriptURL)) await registration.unregister();
  }
};

/** Deletes database, ids and worker. A host page's own worker is not ours. */
export const leaveOrigin = async (queue: Queue): Promise<void> => {
  await Promise.all([queue.destroy(), unregisterWorker()]);
};

/**
 * Deletes what some routes have left behind, in this tab and all others; with the last route goes everything.
 * @param isMeant which routes
 */
export const purge = async (isMeant: (route: Route) => boolean): Promise<Receipt> => {
  const channel = openChannel(() => {});
  const tell = (notice: Notice) => channel.post(notice);
  const receipt: Receipt = { records: 0, everything: true, at: Date.now() };
  try {
    const queue = createQueue(await openIndexedDb(false), uuid);
    for (const route of (await queue.routes()).filter(isMeant)) {
      receipt.records += (await queue.purge(route.key)).deleted;
      tell({ type: 'closed', route: route.key, reason: 'purged' });
    }
    receipt.everything = (await queue.routes()).length === 0;
    if (receipt.everything) {
      tell({ type: 'purged' });
      await leaveOrigin(queue);
    } else queue.close();
  } catch {
    // There is no database: nothing to delete but the worker.
    await unregisterWorker();
  } finally {
    channel.close();
  }
  return receipt;
};
