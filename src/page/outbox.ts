/** The page's end of delivery: the queue it commits to, and who empties it. */
import {
  canGzip,
  createExclusively,
  createMemoryStorage,
  createQueue,
  createSender,
  type FlushReport,
  limits,
  type Notice,
  openChannel,
  openIndexedDb,
  type Queue,
  type RouteOpening,
  readConfiguration,
  type Storage,
  send,
  type Trigger,
  uuid,
  version,
  webLock,
  withFallback,
} from '../delivery/index.js';
import { leaveOrigin } from './purge.js';
import { linkWorker } from './worker-link.js';

export interface Outbox {
  queue: Queue;
  flush(trigger: Trigger): Promise<FlushReport>;
  /** Something new is in the queue. */
  nudge(): void;
}

export interface OutboxOptions {
  workerSrc: string;
  signal: AbortSignal;
  /** What a queue in memory must know before anything else. */
  route: () => RouteOpening;
  onNotice: (notice: Notice) => void;
  /** The queue will not outlive this page. */
  onBroken: () => void;
}

/** Waits so that what belongs together travels together; it is durable all the while. */
const nudgeDelayMs = 100;

const nothing: FlushReport = { delivered: 0, dropped: 0, queued: 0, busy: false };

/** The queue of this origin; in memory when IndexedDB is absent or breaks. */
const openQueue = async ({ route, onBroken, onNotice }: OutboxOptions): Promise<Queue> => {
  const prepare = async (memory: Storage) => {
    await createQueue(memory, uuid).open(route());
    onBroken();
  };
  const durable = await openIndexedDb(true, () => onNotice({ type: 'purged' })).catch(() => undefined);
  if (!durable) onBroken();
  return createQueue(durable ? withFallback(durable, prepare) : createMemoryStorage(), uuid);
};

/** Asks for flushes when something may have changed, and again when the last one says so. */
const startFlushing = (flush: (trigger: Trigger) => Promise<FlushReport>, signal: AbortSignal) => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const plan = (trigger: Trigger, delayMs: number) => {
    clearTimeout(timer);
    if (!signal.aborted) timer = setTimeout(run, Math.min(delayMs, limits.retryAfterCapMs), trigger);
  };
  const run = async (trigger: Trigger): Promise<FlushReport> => {
    clearTimeout(timer);
    const report = await flush(trigger);
    if (report.nextAttemptAt) plan('retry', report.nextAttemptAt - Date.now());
    return report;
  };
  const on = (target: EventTarget, type: string, trigger: Trigger) =>
    target.addEventListener(type, () => void run(trigger), { signal });
  on(globalThis, 'online', 'online');
  on(globalThis, 'pagehide', 'recorded');
  on(globalThis, 'pageshow', 'visible');
  on(document, 'visibilitychange', 'visible');
  signal.addEventListener('abort', () => clearTimeout(timer));
  return { flush: run, nudge: () => plan('recorded', nudgeDelayMs) };
};

export const openOutbox = async (options: OutboxOptions): Promise<Outbox> => {
  const { workerSrc, signal, onNotice } = options;
  const channel = openChannel(onNotice);
  const queue = await openQueue(options);
  const sender = createSender(queue, {
    now: Date.now,
    random: Math.random,
    version,
    canGzip,
    exclusively: createExclusively(queue, webLock, uuid(), Date.now, 'locks' in navigator),
    send,
    readConfiguration,
    notify: notice => {
      channel.post(notice);
      onNotice(notice);
    },
    leave: () => leaveOrigin(queue),
  });
  const link = linkWorker(workerSrc);
  const flush = async (trigger: Trigger): Promise<FlushReport> => {
    if (signal.aborted) return nothing;
    // A worker cannot see what is only in this page's memory.
    const byWorker = queue.durable ? await link.flush(trigger) : undefined;
    const report = byWorker ?? (await sender.flush(trigger).catch(() => nothing));
    if (report.queued) void link.requestSync();
    return report;
  };
  signal.addEventListener('abort', () => {
    sender.cut();
    channel.close();
    queue.close();
  });
  return { queue, ...startFlushing(flush, signal) };
};
