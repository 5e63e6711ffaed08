/** The page's end of delivery: the queue it commits to, and who empties it. */
import type { FlushMessage } from '../delivery/channel.js';
import { withFallback } from '../delivery/fallback.js';
import { openIndexedDb } from '../delivery/indexed-db.js';
import { limits } from '../delivery/limits.js';
import { channelName } from '../delivery/names.js';
import { createQueue, type Queue } from '../delivery/queue.js';
import { inbox } from '../delivery/rows.js';
import type { FlushReport, Notice, Sender, Trigger } from '../delivery/sender.js';
import { uuid } from '../delivery/uuid.js';
import { openNews } from './news.js';
import { type Host, nothing } from './opening.js';
import type { RouteKeeper } from './route.js';
import { askWorker, startWorker } from './worker-link.js';

export interface Outbox {
  queue: Queue;
  flush(trigger: Trigger): Promise<FlushReport>;
  /** Something new is in the queue. */
  nudge(): void;
  /** Tells the other tabs and the worker, and cuts off what is in flight. */
  announce(notice: Notice): void;
}

/** Waits so that what belongs together travels together; it is durable all the while. */
const nudgeDelayMs = 100;

/** What happens to a page, and what it means for the queue. */
const triggers: Record<string, Trigger> = {
  online: 'online',
  pagehide: 'recorded',
  pageshow: 'visible',
  visibilitychange: 'visible',
};

export const loadStandby = () => import('./standby.js');

/** The tables of this origin; in memory when IndexedDB is absent or breaks. */
const openStorage = async (keeper: RouteKeeper, hear: (notice: Notice) => void) => {
  const fall = async () => (await loadStandby()).openMemory(keeper.route);
  const durable = await openIndexedDb(true, () => hear({ type: 'purged' })).catch(() => undefined);
  return durable ? withFallback(durable, fall) : fall();
};

/**
 * Hands what is recorded while the page is left to the worker too: WebKit keeps no transaction that begins then, not even a
 * blind write that is committed at once. Where both arrive, `once` lets one be taken in.
 */
const handingOver = (queue: Queue, worker: ReturnType<typeof startWorker>, signal: AbortSignal): Queue => {
  let active: Awaited<typeof worker>;
  let isLeaving = false;
  void worker.then(found => {
    active = found;
  });
  const leave = () => {
    isLeaving = true;
    // Back from the back/forward cache.
    setTimeout(() => {
      isLeaving = false;
    });
  };
  addEventListener('pagehide', leave, { signal });
  return {
    ...queue,
    add: (route, addition) => {
      if (!isLeaving) return queue.add(route, addition);
      // The same at a second try, when the storage was full: it must not count twice.
      const once = addition.items[0]?.entry.uid ?? uuid();
      const message: FlushMessage = { [channelName]: 'recorded', posted: { lane: inbox, route, addition, once } };
      active?.postMessage(message);
      return queue.add(route, addition, once);
    },
  };
};

/**
 * @param hear news of the sender, of other tabs and of the worker
 * @param tell tells of what a flush has lost
 */
export const openOutbox = async (
  host: Host,
  keeper: RouteKeeper,
  hear: (notice: Notice) => void,
  tell: () => Promise<unknown>,
  signal: AbortSignal,
): Promise<Outbox> => {
  const post = openNews(hear, signal);
  const storage = await openStorage(keeper, hear);
  const worker = startWorker(host.workerSrc);
  const queue = handingOver(createQueue(storage), worker, signal);
  let sender: Promise<Sender> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isNudged = false;

  const openOwnSender = async () =>
    (await loadStandby()).openOwnSender(storage, notice => {
      post(notice);
      hear(notice);
    });
  const send = async (trigger: Trigger): Promise<FlushReport> => {
    const active = await worker;
    if (signal.aborted) return nothing;
    // A configuration that stands in the page holds as long as the page does; nobody else can read it again.
    if (!keeper.route.configSrc && host.surface !== 'client') await keeper.open(queue).catch(() => {});
    // A worker cannot see what is only in this page's memory.
    const byWorker = active && storage.durable ? await askWorker(active, trigger) : undefined;
    if (byWorker) return byWorker;
    sender ??= openOwnSender();
    const asked = sender;
    return asked
      .then(own => own.flush(trigger))
      .catch(() => {
        // Not one that has come since: nobody could cut it off any more.
        if (sender === asked) sender = undefined;
        return { ...nothing, nextAttemptAt: Date.now() + limits.backoffCapMs };
      });
  };
  const schedule = (delayMs: number, trigger: Trigger) => {
    clearTimeout(timer);
    timer = setTimeout(flush, delayMs, trigger);
  };
  const flush = async (trigger: Trigger): Promise<FlushReport> => {
    clearTimeout(timer);
    isNudged = false;
    const report = await send(trigger);
    const { nextAttemptAt } = report;
    if (nextAttemptAt && !isNudged && !signal.aborted)
      schedule(Math.min(nextAttemptAt - Date.now(), limits.retryAfterCapMs), 'retry');
    if (!signal.aborted) void tell();
    return report;
  };
  const cut = () =>
    void sender?.then(
      own => own.cut(),
      () => {},
    );
  const comeBack = ({ persisted }: PageTransitionEvent) => {
    if (!persisted) return;
    // Firefox: what was under way when the page was put aside may never end, nor give back its lock before it is stolen.
    cut();
    sender = undefined;
  };
  addEventListener('pageshow', comeBack, { signal });
  for (const [type, trigger] of Object.entries(triggers)) addEventListener(type, () => void flush(trigger), { signal });
  signal.addEventListener('abort', () => {
    clearTimeout(timer);
    cut();
    storage.close();
  });
  return {
    queue,
    flush,
    nudge: () => {
      if (!isNudged) schedule(nudgeDelayMs, 'recorded');
      isNudged = true;
    },
    announce: notice => {
      post(notice);
      cut();
    },
  };
};
