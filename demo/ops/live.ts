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

/** Rows are stamped before they are committed, so a look back this far misses none. */
const overlapMs = 5000;

/** Joins of which records arrived since the last look and that were not told like this yet, oldest first. */
const readNews = async (store: Store, filters: Filters, told: Map<string, string>): Promise<LiveMessage[]> => {
  const sinceMs = Date.now() - overlapMs;
  const joins = await store.read(reader => readArrivals(reader, filters, sinceMs, maxJoins));
  const news = joins.filter(join => told.get(join.id) !== join.result).reverse();
  told.clear();
  for (const join of joins) told.set(join.id, join.result);
  return news.map(join => ({ type: 'join', join }));
};

/** What arrives is news however long ago it happened. */
const always = (filters: Filters): Filters => ({ ...filters, fromMs: undefined, toMs: undefined });

/** `text/event-stream` of what arrives: joins, and the word that figures have changed. */
export const liveStream = (store: Store, onStored: OnStored, filters: Filters, signal: AbortSignal): Response => {
  const told = new Map<string, string>();
  const encoder = new TextEncoder();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stream = new ReadableStream<Uint8Array>({
    async start(controller) {
      const say = (text: string): void => {
        if (!signal.aborted) controller.enqueue(encoder.encode(text));
      };
      const tell = async (): Promise<void> => {
        timer = undefined;
        try {
          for (const message of await readNews(store, always(filters), told)) say(encode(message));
          say(encode({ type: 'changed' }));
        } catch {
          // The store is closing: the stream ends with it.
        }
      };
      say(': hello\n\n');
      await readNews(store, always(filters), told);
      const stop = onStored(() => {
        timer ??= setTimeout(tell, gatherMs);
      });
      const heartbeat = setInterval(() => say(': still here\n\n'), heartbeatMs);
      signal.addEventListener('abort', () => {
        stop();
        clearInterval(heartbeat);
        clearTimeout(timer);
      });
    },
  });
  return new Response(stream, {
    headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' },
  });
};
