/**
 * The delivery in the service worker: it outlives the tab. Listeners only; it works alone and through `importScripts`
 * in a host page's own worker, so it intercepts nothing (no `fetch` listener) and leaves the host's life cycle alone.
 */
import {
  canGzip,
  channelName,
  createExclusively,
  createQueue,
  createSender,
  type FlushReport,
  isFlushMessage,
  isOurWorker,
  openChannel,
  openIndexedDb,
  readConfiguration,
  type Sender,
  send,
  type Trigger,
  uuid,
  version,
  webLock,
} from '../delivery/index.js';

declare const self: ServiceWorkerGlobalScope;

/** Chromium only, and not in TypeScript's library. */
interface SyncEvent extends ExtendableEvent {
  tag: string;
}

const isAlone = isOurWorker(self.location.href);

const leave = async (destroy: () => Promise<void>) => {
  await destroy();
  if (isAlone) await self.registration.unregister();
};

const connect = async (): Promise<Sender> => {
  const queue = createQueue(await openIndexedDb(false, forget), uuid);
  const now = () => Date.now();
  return createSender(queue, {
    now,
    random: Math.random,
    version,
    canGzip,
    exclusively: createExclusively(queue, webLock, uuid(), now, 'locks' in navigator),
    send,
    readConfiguration,
    notify: notice => channel.post(notice),
    leave: () => leave(queue.destroy),
  });
};

let sender: Promise<Sender> | undefined;
const forget = () => {
  void sender?.then(
    open => open.cut(),
    () => {},
  );
  sender = undefined;
};

const channel = openChannel(notice => {
  if (notice.type === 'closed') void sender?.then(open => open.cut());
  if (notice.type === 'purged') forget();
});

const nothing: FlushReport = { delivered: 0, dropped: 0, queued: 0, busy: false };

/** Without a database there is nothing to send, and none is made. */
const flush = async (trigger: Trigger): Promise<FlushReport> => {
  try {
    sender ??= connect();
    return await (await sender).flush(trigger);
  } catch {
    sender = undefined;
    return nothing;
  }
};

self.addEventListener('install', () => {
  // The queue is shared between versions and one sender works at a time, so a new version need not wait.
  if (isAlone) void self.skipWaiting();
});

self.addEventListener('activate', event => event.waitUntil(flush('start')));

self.addEventListener('message', event => {
  const { data, source, ports } = event;
  if (!isFlushMessage(data) || !(source instanceof Client)) return;
  ports[0]?.postMessage(true);
  event.waitUntil(flush(data[channelName]).then(report => ports[0]?.postMessage(report)));
});

self.addEventListener('sync', event => {
  const { tag, waitUntil } = event as SyncEvent;
  if (tag !== channelName) return;
  const drained = flush('sync').then(({ queued }) =>
    queued ? Promise.reject(new Error(`${queued} wait`)) : undefined,
  );
  waitUntil.call(event, drained);
});
