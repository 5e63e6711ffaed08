import type { LiveMessage } from './browser/api.js';
import type { Filters } from './filters.js';
import { readArrivals } from './joins.js';
import type { Store } from './store.js';

/** Commits come in flocks; what they brought is read once per this time. */
const gatherMs = 250;
/** Joins told one by one; of a flood, the newest. The figures count them all anyway. */
const maxJoins = 20;
/** A comment line now and then, so that no proxy takes the silence for the end. */
const heartbeatMs = 15_000;

/** Calls when new records are in the store; the answer stops that. */
export type OnStored = (listener: () => void) => () => void;

const encode = (message: LiveMessage): string => `data: ${JSON.stringify(message)}\n\n`;

/** A tag keeps a record for a week: what arrives now happened since then, but for a day of wrong clocks. */
const maxLateMs = 8 * 86_400_000;

/** Rows are stamped before they are committed, so a look back this far misses none. */
const overlapMs = 5000;
/** What was stamped this shortly before the stream was opened may have been committed after the page read the rest. */
const marginMs = 500;

/** Joins of which records arrived since the last look and that were not told like this yet, oldest first. */
const readNews = async (
  store: Store,
  filters: Filters,
  told: Map<string, string>,
  openedMs: number,
): Promise<LiveMessage[]> => {
  const sinceMs = Math.max(openedMs - marginMs, Date.now() - overlapMs);
  const joins = await store.read(reader => readArrivals(reader, filters, sinceMs, maxJoins), Date.now() - maxLateMs);
  const news = joins.filter(join => told.get(join.id) !== join.result).reverse();
  told.clear();
  for (const join of joins) told.set(join.id, join.result);
  return news.map(join => ({ type: 'join', join }));
};

/** What arrives is news however long ago it happened. */
const always = (filters: Filters): Filters => ({ ...filters, fromMs: undefined, toMs: undefined });

/** What makes streams: all of them can be ended at once, for a server waits for them when it stops. */
export interface Live {
  open(filters: Filters, signal: AbortSignal): Response;
  close(): void;
}

const headers = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' };

/** `text/event-stream` of what arrives: joins, and the word that figures have changed. */
export const createLive = (store: Store, onStored: OnStored): Live => {
  const open = new Set<() => void>();

  const start = (controller: ReadableStreamDefaultController<Uint8Array>, filters: Filters): (() => void) => {
    const encoder = new TextEncoder();
    const told = new Map<string, string>();
    const openedMs = Date.now();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const say = (text: string): void => {
      if (!isOver) controller.enqueue(encoder.encode(text));
    };
    const tell = async (): Promise<void> => {
      timer = undefined;
      try {
        for (const message of await readNews(store, always(filters), told, openedMs)) say(encode(message));
        say(encode({ type: 'changed' }));
      } catch {
        // The store is closing, and the stream with it.
      }
    };
    const stop = onStored(() => {
      timer ??= setTimeout(tell, gatherMs);
    });
    const heartbeat = setInterval(() => say(': still here\n\n'), heartbeatMs);
    say(': hello\n\n');
    return () => {
      isOver = true;
      stop();
      clearInterval(heartbeat);
      clearTimeout(timer);
    };
  };

  return {
    open(filters, signal) {
      let stop = (): void => {};
      let finish = (): void => {};
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          stop = start(controller, filters);
          finish = () => {
            if (!open.delete(finish)) return;
            stop();
            controller.close();
          };
          open.add(finish);
          signal.addEventListener('abort', finish);
        },
        cancel() {
          open.delete(finish);
          stop();
        },
      });
      return new Response(stream, { headers });
    },
    close() {
      for (const finish of [...open]) finish();
    },
  };
};
