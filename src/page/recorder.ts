import type { DropReason } from '../delivery/drops.js';
import { limits } from '../delivery/limits.js';
import type { Reporting } from '../delivery/reports.js';
import { type Addition, toEntry } from '../delivery/rows.js';
import { isQuotaExceeded } from '../delivery/storage.js';
import { uuid } from '../delivery/uuid.js';
import { boundOf, type Category, conform, type EventName, events } from '../practices/catalog.js';
import { type AnyValue, toAnyValue, toKeyValues } from '../practices/otlp.js';
import { isFreeText, scrub } from '../practices/scrub.js';
import { createClock } from './clock.js';
import type { Count, RecordEvent, TelemetryEvent } from './instruments/instrument.js';
import type { Outbox } from './outbox.js';

export interface Recorder {
  record: RecordEvent;
  count: Count;
  /** Resolves when all that was handed in is durable or dropped. */
  settled(): Promise<unknown>;
}

/** What the catalog lets through of a datum, scrubbed. */
const declare = (event: EventName, name: string, value: unknown): AnyValue | undefined => {
  const bound = boundOf(event, name);
  const conforming = bound && conform(typeof value === 'string' && isFreeText(name) ? scrub(value) : value, bound);
  return conforming === undefined ? conforming : toAnyValue(conforming, bound === 'double');
};

type Recorded = TelemetryEvent & { category: Category; recordedAt: number };

const empty = (): Addition => ({ items: [], drops: [] });

/** Checks, scrubs and stamps events, and commits them to the queue: one transaction per microtask. */
export const createRecorder = (route: Reporting, outbox: Outbox, signal: AbortSignal): Recorder => {
  const clock = createClock(route.skewMs);
  /** Written down by the commit, not by the call: the page goes on at once. */
  const recorded: Recorded[] = [];
  let addition = empty();
  let committed: Promise<void> | undefined;
  /** Attempts that no journal knows of, since their record was lost: their results must not be taken for second ones. */
  const unopened = new Set<string | undefined>();

  const drop = (category: Category, reason: DropReason) => void addition.drops.push({ category, reason, count: 1 });

  const add = async (batch: Addition) => {
    try {
      await outbox.queue.add(route.key, batch);
    } catch (error) {
      if (!isQuotaExceeded(error)) throw error;
      await outbox.flush('full');
      await outbox.queue.add(route.key, batch);
    }
  };

  const commit = async () => {
    recorded.splice(0).forEach(put);
    const batch = addition;
    addition = empty();
    committed = undefined;
    try {
      await add(batch);
      outbox.nudge();
    } catch {
      // What could not even be counted is told with the next commit that works.
      addition.drops.push(...batch.drops);
      for (const { entry, opens } of batch.items) {
        drop(entry.category, 'storage_full');
        unopened.add(opens?.id);
      }
    }
  };

  const put = ({ name, category, attributes, severity, recordedAt, opens, closes }: Recorded) => {
    const entry = toEntry({
      uid: uuid(),
      route: route.key,
      category,
      event: name,
      // An instrument goes by this computer's date.
      recordedAt: clock() + recordedAt - Date.now(),
      attributes: toKeyValues(attributes, (value, key) => declare(name, key, value) ?? drop(category, 'undeclared')),
      resource: route.resources[category],
      severityNumber: severity,
    });
    if (entry.bytes > limits.maxEntryBytes) {
      drop(category, 'too_large');
      unopened.add(opens?.id);
    } else addition.items.push({ entry, opens, closes: unopened.has(closes) ? undefined : closes });
  };

  const record: RecordEvent = async event => {
    const category = events[event.name].category as Category;
    if (signal.aborted || !route.categories.includes(category)) return;
    recorded.push({ recordedAt: Date.now(), category, ...event });
    committed ??= Promise.resolve().then(commit);
    await committed;
  };

  return {
    record,
    count: (name, deltas) => record({ name, attributes: { ...route.frames[name], ...deltas } }),
    settled: async () => committed,
  };
};
