import type { DropReason } from '../delivery/drops.js';
import { limits } from '../delivery/limits.js';
import { type Addition, type Item, type Route, toEntry } from '../delivery/rows.js';
import { uuid } from '../delivery/uuid.js';
import { type Attributes, boundOf, type Category, conform, type EventName } from '../practices/catalog.js';
import { type AnyValue, type KeyValue, toAnyValue } from '../practices/otlp.js';
import { isFreeText, scrub } from '../practices/scrub.js';
import { createClock } from './clock.js';
import type { Count, CountedEvent, RecordEvent, TelemetryEvent } from './instruments/instrument.js';
import type { Outbox } from './outbox.js';
import type { PageRoute } from './route.js';

export interface Recorder {
  record: RecordEvent;
  count: Count;
  /** Makes records of the losses and sums that the queue holds and none tells of yet. */
  tell(): Promise<void>;
  /** Resolves when all that was handed in is durable or dropped. */
  settled(): Promise<unknown>;
}

/** What the catalog lets through of a datum, scrubbed. */
const declare = (event: EventName, name: string, value: unknown): AnyValue | undefined => {
  const bound = boundOf(event, name);
  const conforming = bound && conform(typeof value === 'string' && isFreeText(name) ? scrub(value) : value, bound);
  return conforming === undefined ? conforming : toAnyValue(conforming, bound === 'double');
};

const countedEvents: Record<CountedEvent, Category> = { 'meeting.census': 'census', 'meeting.usage': 'usage' };

const empty = (): Addition => ({ items: [], drops: [] });

/** Checks, scrubs and stamps events, and commits them to the queue: one transaction per microtask. */
export const createRecorder = (route: PageRoute, outbox: Outbox, signal: AbortSignal): Recorder => {
  const clock = createClock(route.skewMs);
  let addition = empty();
  /** Counts that came together, by event; the commit makes a record of each. */
  let counts: Partial<Record<CountedEvent, Record<string, number>>> = {};
  let committed: Promise<void> | undefined;
  /** Attempts that no journal knows of, since their record was lost: their results must not be taken for second ones. */
  const unopened = new Set<string | undefined>();

  const isOpen = (category: Category) => !signal.aborted && route.categories.includes(category);

  const add = async (batch: Addition) => {
    try {
      await outbox.queue.add(route.key, batch);
    } catch (error) {
      if ((error as DOMException).name !== 'QuotaExceededError') throw error;
      await outbox.flush('full');
      await outbox.queue.add(route.key, batch);
    }
  };

  const commit = async () => {
    for (const [name, sums] of Object.entries(counts)) put(toCount(name as CountedEvent, sums));
    counts = {};
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

  const commitSoon = () => {
    committed ??= Promise.resolve().then(commit);
    return committed;
  };

  const drop = (category: Category, reason: DropReason) => void addition.drops.push({ category, reason, count: 1 });

  const toKeyValues = ({ name, category, attributes }: TelemetryEvent): KeyValue[] => {
    const keyValues: KeyValue[] = [];
    for (const [key, given] of Object.entries(attributes)) {
      const value = declare(name, key, given);
      if (value) keyValues.push({ key, value });
      else if (given !== undefined) drop(category, 'undeclared');
    }
    return keyValues;
  };

  const toItem = (event: TelemetryEvent): Item | undefined => {
    const { name, category, severity, opens, closes } = event;
    const entry = toEntry({
      uid: uuid(),
      route: route.key,
      category,
      event: name,
      // An instrument goes by this computer's date.
      recordedAt: clock() + (event.recordedAt ? event.recordedAt - Date.now() : 0),
      attributes: toKeyValues(event),
      resource: route.resources[category],
      severityNumber: severity,
    });
    if (entry.bytes <= limits.maxEntryBytes) return { entry, opens, closes: unopened.has(closes) ? undefined : closes };
    drop(category, 'too_large');
    unopened.add(opens?.id);
    return undefined;
  };

  const put = (event: TelemetryEvent) => {
    const item = toItem(event);
    if (item) addition.items.push(item);
  };

  const toCount = (name: CountedEvent, sums: Attributes): TelemetryEvent => ({
    name,
    category: countedEvents[name],
    attributes: { ...route.frames[name], ...sums },
  });

  const toLoss = (category: Category, reason: string, count: number): TelemetryEvent => ({
    name: 'telemetry.dropped',
    category,
    attributes: { 'telemetry.dropped.reason': reason, 'telemetry.dropped.count': count },
  });

  /** Records of what the queue keeps and no record tells of yet. */
  const toReports = ({ kept = {}, counters = [] }: Route): Item[] => {
    const losses = (Object.keys(kept) as Category[]).flatMap(category =>
      Object.entries(kept[category]?.untold ?? {}).map(([reason, count]) => toLoss(category, reason, count)),
    );
    const sums = counters.map(({ event, name, by }) => toCount(event as CountedEvent, { [name]: by }));
    return [...losses, ...sums].filter(event => isOpen(event.category)).flatMap(event => toItem(event) ?? []);
  };

  return {
    record: async event => {
      if (!isOpen(event.category)) return;
      put(event);
      await commitSoon();
    },
    count: async (event, deltas) => {
      const category = countedEvents[event];
      if (!isOpen(category)) return;
      const sums = { ...counts[event] };
      for (const [name, by] of Object.entries(deltas)) {
        if (boundOf(event, name) && Number.isFinite(by)) sums[name] = (sums[name] ?? 0) + by;
        else drop(category, 'undeclared');
      }
      counts[event] = sums;
      await commitSoon();
    },
    tell: async () => {
      const isNews = await outbox.queue.tell(route.key, toReports).catch(() => false);
      if (isNews) outbox.nudge();
    },
    settled: async () => committed,
  };
};
