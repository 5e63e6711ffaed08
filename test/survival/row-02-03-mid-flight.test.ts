/** Rows 2 and 3: the sender dies while a batch is in flight. */
import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import { hang } from '../support/answers.js';
import { assertDeliveredOnce, failJoins, holdsJoin, pageUrl, settle } from '../support/steps.js';
import { survivalTest } from '../support/survival.js';

survivalTest('2: killed after the server read the body and never answered', async ({ collector, start }) => {
  const browser = await start();
  const page = await browser.open(pageUrl(collector));
  await settle(page);
  await sleep(500);
  collector.answerAlways(hang);
  const ids = await failJoins(page, 3);
  await collector.whenBeacon(holdsJoin(ids[0]));
  await browser.kill();
  collector.answerAsUsual();

  await (await start()).open(pageUrl(collector));
  await assertDeliveredOnce(collector, ids);
});

survivalTest(
  '3: the worker is terminated mid-flush',
  async ({ collector, start }) => {
    const browser = await start();
    const page = await browser.open(pageUrl(collector));
    await settle(page);
    await sleep(500);
    collector.answerAlways(hang);
    const ids = await failJoins(page, 3);
    await collector.whenBeacon(holdsJoin(ids[0]));
    collector.answerAsUsual();
    await browser.chromium?.stopAllWorkers();
    const stoppedAt = Date.now();
    await browser.open(pageUrl(collector));
    await assertDeliveredOnce(collector, ids, 40_000);
    assert.ok(Date.now() - stoppedAt < 35_000, 'another sender went on within the lease');
  },
  { except: { firefox: 'only CDP stops workers', webkit: 'only CDP stops workers' } },
);
