import type { DropReason } from '../delivery/drops.js';
import { limits } from '../delivery/limits.js';
import type { Queue } from '../delivery/queue.js';
import { type Addition, type Item, type Route, toEntry } from '../delivery/rows.js';
import { uuid } from '../delivery/uuid.js';
import { type Attributes, boundOf, type Category, conform } from '../practices/catalog.js';
import { type KeyValue, toKeyValues } from '../practices/otlp.js';
import { isFreeText, scrub } from '../practices/scrub.js';
import type { Clock } from './clock.js';
import type { Count, CountedEvent, RecordEvent, TelemetryEvent } from './instruments/instrument.js';

export interface RecorderOptions {
  queue: Queue;
  /** Key of the route. */
  route: string;
  clock: Clock;
  isOpen: (category: Category) => boolean;
  resources: Record<Category, KeyValue[]>;
  /** What counts are sent with: attributes of the record that carries them. */
  frameOf: (event: CountedEvent) => Attributes | undefined;
  /** Something new is durable. */
  onStored: () => void;
  /** Makes room on a full disk. */
  onFull: () => Promise<unknown>;
}

export interface Recorder {
  record: RecordEvent;
  count: Count;
  /** Makes records of the losses and sums that the queue holds and none tells of yet. */
  tell(): Promise<void>;
  /** Resolves when all that was handed in is durable or dropped. */
  settled(): Promise<unknown>;
}

/** What the catalog lets through, scrubbed, and how much it did not. */
const declare = (event: TelemetryEvent) => {
  const attributes: Attributes = {};
  let undeclared = 0;
  for (const [name, value] of Object.entries(event.attributes)) {
    if (value === undefined) continue;
    const bound = boundOf(event.name, name);
    const conforming = bound && conform(isFreeText(name) ? scrub(String(value)) : value, bound);
    if (conforming === undefined) undeclared++;
    else attributes[name] = conforming;
  }
  return { attributes, undeclared };
};

const countedEvents: Record<CountedEvent, Category> = { 'meeting.census': 'census', 'meeting.usage': 'usage' };

const empty = (): Addition => ({ items: [], drops: [] });

/** Checks, scrubs and stamps events, and commits them to the queue: one transaction per microtask. */
export const createRecorder = ({
  queue,
  route,
  clock,
  isOpen,
  resources,
  frameOf,
  onStored,
  onFull,
}: RecorderOptions): Recorder => {
  let addition = empty();
  /** Counts that came together, by event; the commit makes a record of each. */
  let counts: Partial<Record<CountedEvent, Record<string, number>>> = {};
  let committed: Promise<void> | undefined;
  /** Could not even be counted; told with the next commit that works. */
  const untold: Addition['drops'] = [];
  /** Attempts that no journal knows of, since their record was lost: their results must not be taken for second ones. */
  const unopened = new Set<string | undefined>();

  const store = async (batch: Addition) => {
    try {
      return await queue.add(route, batch);
    } catch (error) {
      if ((error as DOMException).name !== 'QuotaExceededError') throw error;
      await onFull();
      return queue.add(route, batch);
    }
  };

  const commit = async () => {
    for (const [name, sums] of Object.entries(counts)) put(toCount(name as CountedEvent, sums));
    counts = {};
    const batch = addition;
    addition = empty();
    committed = undefined;
    batch.drops.push(...untold.splice(0));
    try {
      await store(batch);
      onStored();
    } catch {
      const lost = batch.items.map(({ entry: { category } }) => ({
        category,
        reason: 'storage_full' as const,
        count: 1,
      }));
      untold.push(...batch.drops, ...lost);
      for (const { opens } of batch.items) unopened.add(opens?.id);
    }
  };

  const commitSoon = () => {
    committed ??= Promise.resolve().then(commit);
    return committed;
  };

  const drop = (category: Category, reason: DropReason, count: number) =>
    void addition.drops.push({ category, reason, count });

  const toItem = (event: TelemetryEvent): Item | undefined => {
    const { name, category, severity, opens, closes } = event;
    const { attributes, undeclared } = declare(event);
    if (undeclared) drop(category, 'undeclared', undeclared);
    const entry = toEntry({
      uid: uuid(),
      route,
      category,
      event: name,
      // An instrument goes by this computer's date.
      recordedAt: clock() + (event.recordedAt ? event.recordedAt - Date.now() : 0),
      attributes: toKeyValues(attributes, key => boundOf(name, key) === 'double'),
      resource: resources[category],
      severityNumber: severity,
    });
    if (entry.bytes <= limits.maxEntryBytes) return { entry, opens, closes: unopened.has(closes) ? undefined : closes };
    drop(category, 'too_large', 1);
    unopened.add(opens?.id);
    return undefined;
  };

  const toLoss = (category: Category, reason: string, count: number): TelemetryEvent => ({
    name: 'telemetry.dropped',
    category,
    attributes: { 'telemetry.dropped.reason': reason, 'telemetry.dropped.count': count },
  });

  const toCount = (name: CountedEvent, sums: Attributes): TelemetryEvent => ({
    name,
    category: countedEvents[name],
    attributes: { ...frameOf(name), ...sums },
  });

  /** Records of what the queue keeps and no record tells of yet. */
  const toReports = ({ kept = {}, counters = [] }: Route): Item[] => {
    const losses = (Object.keys(kept) as Category[]).flatMap(category =>
      Object.entries(kept[category]?.untold ?? {}).map(([reason, count]) => toLoss(category, reason, count)),
    );
    const counts = counters.map(({ event, name, by }) => toCount(event as CountedEvent, { [name]: by }));
    return [...losses, ...counts].filter(event => isOpen(event.category)).flatMap(event => toItem(event) ?? []);
  };

  const put = (event: TelemetryEvent) => {
    const item = toItem(event);
    if (item) addition.items.push(item);
  };

  return {
    record: async event => {
      if (!isOpen(event.category)) return;
      put(event);
      await commitSoon();
    },
    count: async (event, deltas) => {
      if (!isOpen(countedEvents[event])) return;
      const sums = counts[event] ?? {};
      for (const [name, by] of Object.entries(deltas)) {
        if (boundOf(event, name) && Number.isFinite(by)) sums[name] = (sums[name] ?? 0) + by;
        else drop(countedEvents[event], 'undeclared', 1);
      }
      counts[event] = sums;
      await commitSoon();
    },
    tell: async () => {
      const isNews = await queue.tell(route, toReports).catch(() => false);
      if (isNews) onStored();
    },
    settled: async () => committed,
  };
};
