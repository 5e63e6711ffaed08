/** Row 22: 10 000 queued events. */
import { strict as assert } from 'node:assert';
import { status } from '../support/answers.js';
import { failJoins, flush, pageUrl, queued, readTable, settle, whenQuiet } from '../support/steps.js';
import { survivalTest } from '../support/survival.js';

const joins = 3_334;

interface Watched {
  longest: number;
}

/** Long tasks of the main thread from now on. */
const watchLongTasks = (): void => {
  const watched: Watched = { longest: 0 };
  Object.assign(globalThis, { watched });
  new PerformanceObserver(list => {
    for (const { duration } of list.getEntries()) watched.longest = Math.max(watched.longest, duration);
  }).observe({ entryTypes: ['longtask'] });
};

const urgency = ['meeting.join', 'exception', 'meeting.census', 'meeting.usage', 'browser.web_vital'];

const urgencyOf = (event: string): number => urgency.findIndex(prefix => event.startsWith(prefix));

survivalTest(
  '22: 10 000 queued events drain in order of priority, without a long task',
  async ({ engine, collector, start }) => {
    const browser = await start();
    const page = await browser.open(pageUrl(collector));
    await settle(page);
    await whenQuiet(collector);
    collector.answerAlways(status(503, { 'Retry-After': '3600' }));
    for (let left = joins; left > 0; left -= 200) {
      await failJoins(page, Math.min(200, left));
      await queued(page);
    }
    // Counts that wait are one record once they are sorted in.
    await flush(page);
    const waiting = await queued(page);
    assert.ok(waiting >= joins * 3, `${waiting} wait`);
    await browser.kill();

    collector.answerAsUsual();
    collector.beacons.splice(0);
    const later = await (await start()).open(`${collector.origin}/page?bare`);
    await later.evaluate(letGo);
    await later.goto(pageUrl(collector));
    if (engine === 'chromium') await later.evaluate(watchLongTasks);
    await collector.whenStored(stored => stored.length >= waiting, 60_000);
    const drained = collector.beacons;
    const first = drained[0]?.at ?? 0;
    const tookMs = (drained.at(-1)?.answeredAt ?? 0) - first;
    const events = drained.flatMap(({ records }) => records).length;
    const bytes = drained.reduce((sum, { wireBytes }) => sum + wireBytes, 0);
    const order = drained.map(({ records }) => urgencyOf(records[0]?.event ?? ''));
    assert.deepEqual(
      order.slice(0, -4),
      [...order].sort((a, b) => a - b).slice(0, order.length - 4),
      'most urgent first',
    );
    const watched = await later.evaluate(() => (globalThis as { watched?: Watched }).watched?.longest);
    console.log(
      `[${engine}] drained ${events} events in ${tookMs} ms, ${drained.length} requests, ` +
        `${(bytes / events).toFixed(1)} bytes per event, longest task ${watched ?? 'not observable'} ms`,
    );
    assert.ok(tookMs <= 10_000, `${tookMs} ms`);
    assert.ok(bytes / events <= 100, `${bytes / events} bytes per event`);
    assert.ok((watched ?? 0) <= 50, `a task of ${watched} ms`);
    assert.equal((await readTable(later, 'entries')).length <= 10, true);
  },
  { timeoutMs: 240_000 },
);

/** The hour that the collector asked for has passed. */
const letGo = async (): Promise<void> => {
  const result = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const database = await result(indexedDB.open('meeting-join-telemetry'));
  const table = database.transaction('routes', 'readwrite').objectStore('routes');
  const [keys, rows] = [await result(table.getAllKeys()), await result(table.getAll())];
  for (const [index, row] of rows.entries()) await result(table.put({ ...row, nextAttemptAt: 0 }, keys[index]));
  database.close();
};
