/**
 * The delivery in the service worker: it outlives the tab. Listeners only; it works alone and through `importScripts`
 * in a host page's own worker, so it intercepts nothing (no `fetch` listener) and leaves the host's life cycle alone.
 */
import { openChannel, triggerOf } from '../delivery/channel.js';
import { createExclusively } from '../delivery/exclusive.js';
import { openIndexedDb } from '../delivery/indexed-db.js';
import { limits } from '../delivery/limits.js';
import { channelName, isOurWorker } from '../delivery/names.js';
import { openSender } from '../delivery/open-sender.js';
import type { Posted } from '../delivery/rows.js';
import type { FlushReport, Sender, Trigger } from '../delivery/sender.js';
import type { Storage } from '../delivery/storage.js';

declare const self: ServiceWorkerGlobalScope;

/** Chromium only, and not in TypeScript's library. */
interface SyncEvent extends ExtendableEvent {
  tag: string;
}
interface SyncManager {
  register(tag: string): Promise<void>;
}

/** `register` can hang, for one in headless Chromium without a network. */
const syncTimeoutMs = 1_000;

const isAlone = isOurWorker(self.location);

let sender: Promise<Sender> | undefined;

const cut = () => {
  sender?.then(
    open => open.cut(),
    () => {},
  );
};

const forget = () => {
  cut();
  sender = undefined;
};

const channel = openChannel(({ type }) => {
  if (type === 'closed' || type === 'choice') cut();
  if (type === 'purged') forget();
});

const leave = async (storage: Storage) => {
  channel.postMessage({ type: 'purged' });
  await storage.destroy();
  if (isAlone) await self.registration.unregister();
};

/** Without a database there is nothing to send, and none is made. */
const connect = async (): Promise<Sender> => {
  const storage = await openIndexedDb(false, forget);
  const exclusively = createExclusively(storage, () => crypto.randomUUID(), Date.now, navigator.locks);
  return openSender(storage, {
    exclusively,
    notify: notice => channel.postMessage(notice),
    leave: () => leave(storage),
  });
};

/** Asks the browser to wake the worker when the network is back; elsewhere the next visit drains the queue. */
const requestSync = () => {
  const { sync } = self.registration as { sync?: SyncManager };
  const registered = sync?.register(channelName).catch(() => {});
  return Promise.race([registered, new Promise(resolve => setTimeout(resolve, syncTimeoutMs))]);
};

const flush = async (trigger: Trigger, posted?: Posted): Promise<FlushReport> => {
  sender ??= connect();
  const asked = sender;
  try {
    const open = await asked;
    if (posted) await open.post(posted);
    return await open.flush(trigger);
  } catch {
    // Not one that has come since: nobody could cut it off any more.
    if (sender === asked) sender = undefined;
    // Nobody knows what waits: ask again.
    return { delivered: 0, dropped: 0, queued: 0, busy: false, nextAttemptAt: Date.now() + limits.backoffCapMs };
  }
};

self.addEventListener('install', () => {
  // The queue is shared between versions and one sender works at a time, so a new version need not wait.
  if (isAlone) void self.skipWaiting();
});

self.addEventListener('activate', event => event.waitUntil(flush('start')));

self.addEventListener('message', event => {
  const { data, ports, source } = event;
  const trigger = triggerOf(data);
  if (!trigger || !(source instanceof Client)) return;
  ports[0]?.postMessage(true);
  const answer = async () => {
    const report = await flush(trigger, data.posted);
    ports[0]?.postMessage(report);
    if (report.queued) await requestSync();
  };
  event.waitUntil(answer());
});

const sync = async () => {
  const { queued } = await flush('sync');
  // Rejecting makes the browser try again.
  if (queued) throw Error(`${queued} wait`);
};

self.addEventListener('sync', event => {
  const syncEvent = event as SyncEvent;
  if (syncEvent.tag === channelName) syncEvent.waitUntil(sync());
});
