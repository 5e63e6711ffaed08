/** What a test does in a page, and what it expects to find at the collector afterwards. */
import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MeetingJoinTelemetryElement } from 'meeting-join-telemetry';
import type { SeenRecord } from './answers.js';
import type { Browser, Page } from './browser.js';
import { type Beacon, type Collector, poolOn } from './collector.js';

export type Tag = MeetingJoinTelemetryElement;

/** The page under test with its pool on; a value of '' is an empty attribute. */
export const pageUrl = (collector: Collector, attributes: Record<string, string> = {}): string => {
  const query = new URLSearchParams({
    pool: poolOn,
    'config-src': '/web-service-configuration.json',
    ...attributes,
  });
  return `${collector.origin}/page?${query}`;
};

/** Resolves with the decided gate. */
export const gateOf = (page: Page): Promise<{ state: string; reason: string }> =>
  page.evaluate(async () => {
    const tag = document.querySelector<Tag>('meeting-join-telemetry');
    if (!tag) throw new Error('The page has no tag');
    await customElements.whenDefined('meeting-join-telemetry');
    const { state, reason } = await tag.ready;
    return { state, reason };
  });

/** Waits until the gate is open and the worker, where there is to be one, is active. */
export const settle = async (page: Page, { withWorker = true } = {}): Promise<void> => {
  const gate = await gateOf(page);
  assert.equal(gate.state, 'open', gate.reason);
  if (!withWorker) return;
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
};

/** Joins that fail at once, as of a busy server. Resolves with their ids, before anything need be durable. */
export const failJoins = (page: Page, count: number): Promise<string[]> =>
  page.evaluate(howMany => {
    const tag = document.querySelector<Tag>('meeting-join-telemetry');
    return Array.from({ length: howMany }, () => {
      const attempt = tag?.startJoin({ method: 'native' });
      attempt?.fail({ code: 7 });
      return attempt?.id ?? '';
    });
  }, count);

/** The same, and resolves when all of it is committed. */
export const failJoinsDurably = async (page: Page, count: number): Promise<string[]> => {
  const ids = await failJoins(page, count);
  await queued(page);
  return ids;
};

/** A page whose joins wait: the collector has gone out of reach. */
export const openWithWaitingJoins = async (
  collector: Collector,
  browser: Pick<Browser, 'open'>,
): Promise<{ page: Page; ids: string[] }> => {
  const page = await browser.open(pageUrl(collector));
  await settle(page);
  await whenQuiet(collector);
  await collector.refuse();
  return { page, ids: await failJoinsDurably(page, 3) };
};

/** How many records wait; settles what the recorder holds first. */
export const queued = (page: Page): Promise<number> =>
  page.evaluate(async () => (await document.querySelector<Tag>('meeting-join-telemetry')?.queued()) ?? -1);

export const flush = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    await document.querySelector<Tag>('meeting-join-telemetry')?.flush();
  });

const joinEvents = ['meeting.join.attempt', 'meeting.join.result', 'exception'];

/** The events of one join, sorted. */
export const eventsOf = (records: Iterable<SeenRecord>, id: string): string[] =>
  [...records]
    .filter(({ attributes }) => attributes['meeting.join.id'] === id)
    .map(({ event }) => event)
    .sort();

/** Waits until each of the joins stands at the collector, whole; then asserts that nothing stands there twice. */
export const assertDeliveredOnce = async (collector: Collector, ids: string[], patienceMs?: number): Promise<void> => {
  assert.ok(ids.length > 0 && ids.every(id => id !== ''), 'joins were recorded');
  const isThere = (stored: SeenRecord[]) =>
    ids.every(id => joinEvents.every(event => eventsOf(stored, id).includes(event)));
  await collector.whenStored(isThere, patienceMs).catch(error => {
    const lacking = ids.filter(id =>
      joinEvents.some(event => !eventsOf(collector.stored.values(), id).includes(event)),
    );
    throw new Error(`${lacking.length} of ${ids.length} joins are not whole at the collector`, { cause: error });
  });
  assertStoredOnce(collector, ids);
};

/** Two records of one join and event with different uids would be recorded twice, which no collector can mend. */
export const assertStoredOnce = (collector: Collector, ids: string[]): void => {
  for (const id of ids) {
    const events = eventsOf(collector.stored.values(), id);
    assert.deepEqual(events, [...new Set(events)], `join ${id} stands once`);
  }
};

/** No uid came over the wire twice. */
export const assertNoCopies = (collector: Collector): void => {
  const copied = [...collector.copies()].filter(([, count]) => count > 1);
  assert.deepEqual(copied, [], 'no duplicate on the wire');
};

/** Matches the beacon that carries a join. */
export const holdsJoin =
  (id: string | undefined) =>
  ({ records }: Beacon): boolean =>
    records.some(({ attributes }) => attributes['meeting.join.id'] === id);

/** Waits until the visit's own beacons have passed. */
export const whenQuiet = async (collector: Collector, quietMs = 400): Promise<void> => {
  let seen = -1;
  while (seen !== collector.requests.length) {
    seen = collector.requests.length;
    await sleep(quietMs);
  }
};

/** How many losses the collector was told of, for one reason. */
export const droppedAt = (collector: Collector, reason: string): number =>
  [...collector.stored.values()]
    .filter(({ attributes }) => attributes['telemetry.dropped.reason'] === reason)
    .reduce((sum, { attributes }) => sum + Number(attributes['telemetry.dropped.count']), 0);

/** Waits until a loss has been reported, and asserts that it was counted right. */
export const whenDropped = async (collector: Collector, reason: string, count: number): Promise<void> => {
  await collector.whenStored(() => droppedAt(collector, reason) >= count);
  assert.equal(droppedAt(collector, reason), count);
};

/** The rows of one table of the queue, as they lie in IndexedDB; none when there is no database. */
export const readTable = <Row>(page: Page, table: string): Promise<Row[]> =>
  page.evaluate(async name => {
    const databases = await indexedDB.databases();
    if (!databases.some(database => database.name === 'meeting-join-telemetry')) return [];
    const result = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await result(indexedDB.open('meeting-join-telemetry'));
    const rows = await result(database.transaction(name).objectStore(name).getAll());
    database.close();
    return rows as Row[];
  }, table);

interface KeptRow {
  kept?: Record<string, { lost: Record<string, number> }>;
}

/** How many losses for a reason the device has counted, of all categories. */
export const countedLosses = async (page: Page, reason: string): Promise<number> => {
  const routes = await readTable<KeptRow>(page, 'routes');
  return routes.flatMap(({ kept = {} }) => Object.values(kept)).reduce((sum, { lost }) => sum + (lost[reason] ?? 0), 0);
};
