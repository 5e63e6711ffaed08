/** Row 5: ten tabs and the worker flush at once; the lock holder is killed. */
import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import { delayed, hang } from '../support/answers.js';
import type { Page } from '../support/browser.js';
import type { SharedBrowser } from '../support/shared-browsers.js';
import {
  assertDeliveredOnce,
  assertNoCopies,
  failJoins,
  flush,
  holdsJoin,
  pageUrl,
  settle,
  whenQuiet,
} from '../support/steps.js';
import { type Scene, survivalTest } from '../support/survival.js';

const tabs = 10;

const openTabs = async ({ collector }: Scene, browser: SharedBrowser, attributes: Record<string, string> = {}) => {
  const pages: Page[] = [];
  for (let tab = 0; tab < tabs; tab += 1) pages.push(await browser.open(pageUrl(collector, attributes)));
  await Promise.all(pages.map(page => settle(page, { withWorker: attributes['worker-src'] !== '' })));
  return pages;
};

for (const [who, attributes] of [
  ['tabs and the worker', {}],
  ['tabs without a worker', { 'worker-src': '' }],
] as const) {
  survivalTest(`5: ${tabs} ${who} flush at once`, async scene => {
    const { collector } = scene;
    collector.answerAlways(delayed(30));
    const pages = await openTabs(scene, await scene.borrow(), attributes);
    const ids = await Promise.all(pages.map(page => failJoins(page, 3)));
    await Promise.all(pages.map(flush));
    await assertDeliveredOnce(collector, ids.flat());
    assertNoCopies(collector);
  });
}

survivalTest('5: the tab that holds the lock dies', async scene => {
  const { collector } = scene;
  const browser = await scene.start();
  const pages = await openTabs(scene, browser, { 'worker-src': '' });
  // Whoever is still busy with its own visit would send for the holder.
  await whenQuiet(collector);
  const [holder, ...others] = pages;
  assert.ok(holder);
  collector.answerAlways(hang);
  const ids = await failJoins(holder, 1);
  await collector.whenBeacon(holdsJoin(ids[0]));
  for (const page of others) ids.push(...(await failJoins(page, 1)));
  // The one in flight stays unanswered.
  collector.answerAsUsual();
  if (browser.chromium) await Promise.race([browser.chromium.send(holder, 'Page.crash').catch(() => {}), sleep(3_000)]);
  else await holder.close();
  // Firefox keeps the lock of a closed tab while its request is in flight: there the lease decides, after 30 s.
  await assertDeliveredOnce(collector, ids, scene.engine === 'firefox' ? 40_000 : 10_000);
});
