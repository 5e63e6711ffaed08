/** Row 4: a new worker, and a newer schema, in the middle of a queue. */
import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '../support/answers.js';
import { assertDeliveredOnce, assertNoCopies, failJoinsDurably, pageUrl, queued, settle } from '../support/steps.js';
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
