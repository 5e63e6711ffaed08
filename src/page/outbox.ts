/** The page's end of delivery: the queue it commits to, and who empties it. */
import { openChannel } from '../delivery/channel.js';
import { withFallback } from '../delivery/fallback.js';
import { openIndexedDb } from '../delivery/indexed-db.js';
import { limits } from '../delivery/limits.js';
import { createQueue, type Queue } from '../delivery/queue.js';
import type { RouteOpening } from '../delivery/rows.js';
import type { FlushReport, Notice, Sender, Trigger } from '../delivery/sender.js';
import { nothing } from './opening.js';
import { askWorker, startWorker } from './worker-link.js';

export interface Outbox {
  queue: Queue;
  flush(trigger: Trigger): Promise<FlushReport>;
  /** Something new is in the queue. */
  nudge(): void;
  /** Tells the other tabs and the worker, and cuts off what is in flight. */
  announce(notice: Notice): void;
}

export interface OutboxOptions {
  workerSrc: string;
  signal: AbortSignal;
  /** What a queue in memory must know before anything else. */
  route: () => RouteOpening;
  hear: (notice: Notice) => void;
  /** Says again what only the page knows, before a flush. */
  refresh: () => Promise<unknown> | undefined;
  /** Tells of what a flush has lost. */
  tell: () => Promise<unknown>;
}

/** Waits so that what belongs together travels together; it is durable all the while. */
const nudgeDelayMs = 100;

export const loadStandby = () => import('./standby.js');

/** The tables of this origin; in memory when IndexedDB is absent or breaks. */
const openStorage = async ({ route, hear }: OutboxOptions) => {
  const fall = async () => {
    const memory = (await loadStandby()).createMemoryStorage();
    await createQueue(memory).open(route());
    return memory;
  };
  const durable = await openIndexedDb(true, () => hear({ type: 'purged' })).catch(() => undefined);
  return durable ? withFallback(durable, fall) : fall();
};

/** Asks for flushes when something may have changed, and again when the last one says so. */
const startFlushing = (flush: (trigger: Trigger) => Promise<FlushReport>, { signal, tell }: OutboxOptions) => {
  let retrying: ReturnType<typeof setTimeout> | undefined;
  let nudging: ReturnType<typeof setTimeout> | undefined;
  const run = async (trigger: Trigger): Promise<FlushReport> => {
    clearTimeout(retrying);
    clearTimeout(nudging);
    nudging = undefined;
    const report = await flush(trigger);
    const { nextAttemptAt } = report;
    clearTimeout(retrying);
    if (nextAttemptAt && !signal.aborted) {
      retrying = setTimeout(run, Math.min(nextAttemptAt - Date.now(), limits.retryAfterCapMs), 'retry');
    }
    if (!signal.aborted) void tell();
    return report;
  };
  const nudge = () => {
    nudging ??= setTimeout(run, nudgeDelayMs, 'recorded');
  };
  const on = (target: EventTarget, type: string, trigger: Trigger) =>
    target.addEventListener(type, () => void run(trigger), { signal });
  on(globalThis, 'online', 'online');
  on(globalThis, 'pagehide', 'recorded');
  on(globalThis, 'pageshow', 'visible');
  on(document, 'visibilitychange', 'visible');
  signal.addEventListener('abort', () => clearTimeout(retrying));
  return { flush: run, nudge };
};

export const openOutbox = async (options: OutboxOptions): Promise<Outbox> => {
  const { workerSrc, signal, hear, refresh } = options;
  const channel = openChannel(hear);
  const storage = await openStorage(options);
  const worker = startWorker(workerSrc);
  let sender: Promise<Sender> | undefined;

  const openOwnSender = async () =>
    (await loadStandby()).openOwnSender(storage, notice => {
      channel.postMessage(notice);
      hear(notice);
    });
  const flush = async (trigger: Trigger): Promise<FlushReport> => {
    const active = await worker;
    if (signal.aborted) return nothing;
    await refresh();
    // A worker cannot see what is only in this page's memory.
    const byWorker = active && storage.durable ? await askWorker(active, trigger) : undefined;
    if (byWorker) return byWorker;
    sender ??= openOwnSender();
    return sender
      .then(own => own.flush(trigger))
      .catch(() => {
        sender = undefined;
        return { ...nothing, nextAttemptAt: Date.now() + limits.backoffCapMs };
      });
  };
  const cut = () =>
    void sender?.then(
      own => own.cut(),
      () => {},
    );
  const announce = (notice: Notice) => {
    channel.postMessage(notice);
    cut();
  };
  signal.addEventListener('abort', () => {
    cut();
    channel.close();
    storage.close();
  });
  return { queue: createQueue(storage), announce, ...startFlushing(flush, options) };
};
