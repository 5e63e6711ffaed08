/** Rows 12 and 13: a collector that is blocked, or says no. */
import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '../support/answers.js';
import {
  assertDeliveredOnce,
  countedLosses,
  failJoins,
  failJoinsDurably,
  flush,
  holdsJoin,
  pageUrl,
  readTable,
  settle,
  whenDropped,
  whenQuiet,
} from '../support/steps.js';
import { survivalTest } from '../support/survival.js';

survivalTest('12: blocked by CORS: few attempts, and nothing is lost', async ({ collector, borrow }) => {
  // Another origin, which answers no preflight: what a page sees of an ad blocker is the same network error.
  const endpoint = `http://127.0.0.1:${collector.port}/v1/logs`;
  const page = await (await borrow()).open(pageUrl(collector, { endpoint }));
  await settle(page);
  const ids = await failJoinsDurably(page, 3);
  await sleep(8_000);
  const tries = collector.requests.filter(request => request.endsWith('/v1/logs')).length;
  assert.ok(tries >= 1 && tries <= 12, `${tries} attempts in 8 s`);
  assert.equal(collector.beacons.length, 0);
  const waiting = await readTable<{ route: string }>(page, 'entries');
  assert.ok(waiting.length >= ids.length * 3, 'still queued');
});

for (const code of [401, 403]) {
  survivalTest(`13: ${code}: no storm, counted`, async ({ collector, borrow }) => {
    const page = await (await borrow()).open(pageUrl(collector));
    await settle(page);
    await whenQuiet(collector);
    collector.answerAlways(status(code));
    const before = collector.beacons.length;
    await failJoinsDurably(page, 3);
    await sleep(3_000);
    assert.ok(collector.beacons.length - before <= 8, `${collector.beacons.length - before} requests`);
    collector.answerAsUsual();
    const ids = await failJoins(page, 1);
    await assertDeliveredOnce(collector, ids);
    const counted = await countedLosses(page, 'refused');
    assert.ok(counted >= 9, `${counted} counted`);
    await whenDropped(collector, 'refused', counted);
  });
}

survivalTest('13: 410 stops for good, across a reload', async ({ collector, borrow }) => {
  const page = await (await borrow()).open(pageUrl(collector));
  await settle(page);
  await whenQuiet(collector);
  collector.answerNext(status(410));
  const ids = await failJoins(page, 3);
  await collector.whenBeacon(holdsJoin(ids[0]));
  await sleep(300);
  const count = collector.beacons.length;
  await failJoins(page, 3);
  await page.reload();
  await failJoins(page, 3);
  await flush(page);
  await sleep(2_000);
  assert.equal(collector.beacons.length, count, 'never again');
});
