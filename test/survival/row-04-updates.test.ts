/** Row 4: a new worker, and a newer schema, in the middle of a queue. */
import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import { type SeenRecord, status } from '../support/answers.js';
import {
  assertDeliveredOnce,
  assertNoCopies,
  droppedAt,
  eventsOf,
  failJoinsDurably,
  pageUrl,
  queued,
  readTable,
  settle,
  type Tag,
  whenDropped,
} from '../support/steps.js';
import { survivalTest } from '../support/survival.js';

survivalTest('4: a new version of the worker with rows in the queue', async ({ collector, borrow }) => {
  const browser = await borrow();
  const page = await browser.open(pageUrl(collector));
  await settle(page);
  await sleep(500);
  collector.answerAlways(status(503, { 'Retry-After': '2' }));
  const ids = await failJoinsDurably(page, 5);
  collector.workerPrelude = '/* the next version */\n';
  await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    const replaced = new Promise(resolve => navigator.serviceWorker.addEventListener('controllerchange', resolve));
    await registration.update();
    await Promise.race([replaced, new Promise(resolve => setTimeout(resolve, 3_000))]);
  });
  ids.push(...(await failJoinsDurably(page, 5)));
  collector.beacons.splice(0);
  collector.answerAsUsual();
  await assertDeliveredOnce(collector, ids);
  assertNoCopies(collector);
});

/** What a later version of the product does: adds a table, and touches no row. */
const upgradeSchema = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const opening = indexedDB.open('meeting-join-telemetry', 2);
    opening.onupgradeneeded = () => opening.result.createObjectStore('of-a-later-version');
    opening.onsuccess = () => {
      resolve(opening.result.version);
      opening.result.close();
    };
    opening.onerror = () => reject(opening.error);
  });

survivalTest('4: schema v1 → v2 with rows in it, and a page of the old version open', async ({ collector, borrow }) => {
  const browser = await borrow();
  const page = await browser.open(pageUrl(collector));
  await settle(page);
  await sleep(500);
  collector.answerAlways(status(503, { 'Retry-After': '2' }));
  const ids = await failJoinsDurably(page, 5);
  assert.equal(await page.evaluate(upgradeSchema), 2);
  ids.push(...(await failJoinsDurably(page, 5)));
  assert.ok((await queued(page)) >= 30);
  collector.answerAsUsual();
  await assertDeliveredOnce(collector, ids);
});

/** The database as 0.1.0 left it: sums, losses and open attempts in tables of their own, sums among what is posted. */
const leaveAsFirstVersion = async (key: string, id: string): Promise<void> => {
  const opening = indexedDB.open('meeting-join-telemetry', 1);
  opening.onupgradeneeded = () => {
    const { result } = opening;
    result.createObjectStore('entries', { keyPath: 'seq', autoIncrement: true }).createIndex('lane', 'lane');
    for (const name of ['routes', 'drops', 'joins', 'counters', 'meta']) result.createObjectStore(name);
  };
  await new Promise(resolve => {
    opening.onsuccess = resolve;
  });
  const database = opening.result;
  const transaction = database.transaction(database.objectStoreNames, 'readwrite');
  const put = (table: string, row: object, rowKey?: string) => transaction.objectStore(table).put(row, rowKey);
  const [endpoint, configSrc, pool, site] = key.split(' ');
  const opened = { categories: ['census', 'usage', 'error'], checkedAt: Date.now(), skewMs: 0, held: false };
  const route = { key, endpoint, configSrc, pool, site, surface: 'join-launcher', ...opened };
  put('routes', { ...route, resources: { census: [], usage: [], error: [] }, frames: {} }, key);
  const record = (eventName: string) => ({
    timeUnixNano: `${Date.now()}000000`,
    severityNumber: 9,
    eventName,
    attributes: [
      { key: 'log.record.uid', value: { stringValue: crypto.randomUUID() } },
      { key: 'meeting.join.id', value: { stringValue: id } },
    ],
  });
  const entry = (event: string, priority: number, category: string) => ({
    lane: `${priority}|${key}|${category}`,
    route: key,
    category,
    uid: crypto.randomUUID(),
    recordedAt: Date.now(),
    bytes: 300,
    resource: [],
    record: record(event),
  });
  put('entries', entry('meeting.join.attempt', 0, 'usage'));
  put('meta', { entries: 1, bytes: 300 }, 'size');
  put('joins', { id, at: Date.now(), attributes: { 'meeting.join.id': id }, route: key }, id);
  const event = 'meeting.usage';
  put('counters', { route: key, event, name: 'meeting.im.sent', sum: 2 }, `${key}|${event}|meeting.im.sent`);
  const loss = { route: key, category: 'error', reason: 'queue_overflow', count: 5, reported: 3 };
  put('drops', loss, `${key}|error|queue_overflow`);
  const items = [{ entry: entry('exception', 1, 'error') }];
  const counters = [{ event, name: 'meeting.im.sent', by: 1 }];
  put('entries', { lane: '', route: key, addition: { items, counters, drops: [] } });
  await new Promise(resolve => {
    transaction.oncomplete = resolve;
  });
  database.close();
};

survivalTest('4: the tables of 0.1.0, with rows in each: all arrives, once', async ({ collector, start }) => {
  const browser = await start();
  const page = await browser.open(pageUrl(collector));
  await settle(page);
  const [route] = await readTable<{ key: string }>(page, 'routes');
  await page.evaluate(() => document.querySelector<Tag>('meeting-join-telemetry')?.purge());
  await page.goto(`${collector.origin}/page?bare`);
  const id = '00000000-0000-4000-8000-000000000000';
  await page.evaluate(leaveAsFirstVersion, route?.key ?? '', id);
  await page.goto(pageUrl(collector));
  const ofJoin = (records: Iterable<SeenRecord>) => eventsOf(records, id);
  await collector.whenStored(stored => ofJoin(stored).length >= 3);
  await whenDropped(collector, 'queue_overflow', 2);
  const imSent = (stored: SeenRecord[]) =>
    stored.reduce((sum, { attributes }) => sum + Number(attributes['meeting.im.sent'] ?? 0), 0);
  await collector.whenStored(stored => imSent(stored) >= 3);
  await collector.whenQueueEmpty(() => queued(page));
  const stored = await collector.whenStored(() => true);
  assert.deepEqual(ofJoin(stored), ['exception', 'meeting.join.attempt', 'meeting.join.result']);
  assert.equal(imSent(stored), 3);
  assert.equal(droppedAt(collector, 'queue_overflow'), 2);
});
