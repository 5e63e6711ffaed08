/**
 * Row 10: a collector that is away for long. The wait between two attempts grows to five minutes, which nobody can sit
 * out in a test: page and worker are given a clock that runs faster, the server and its network stay what they are. Ten
 * thousand devices at once are for `npm run bench:herd`.
 */
import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '../support/answers.js';
import { acceleratedClock } from '../support/clocks.js';
import { assertDeliveredOnce, failJoins, failJoinsDurably, pageUrl, settle, whenQuiet } from '../support/steps.js';
import { survivalTest } from '../support/survival.js';

const factor = 200;
const minuteMs = 60_000;

for (const [what, answer] of [
  ['refused', undefined],
  ['503', status(503)],
] as const) {
  survivalTest(
    `10: ${what} for 30 minutes, on a clock that runs ${factor} times as fast`,
    async ({ collector, borrow }) => {
      const clock = acceleratedClock(factor);
      collector.pageHead = `<script>${clock}</script>`;
      collector.workerPrelude = clock;
      const page = await (await borrow()).open(pageUrl(collector));
      await settle(page);
      await whenQuiet(collector);
      const knocks = { count: 0, last: 0, longestGapMs: 0 };
      if (answer) collector.answerAlways(answer);
      else collector.answerAlways(({ request }) => void request.socket.destroy());
      collector.beacons.splice(0);
      const ids = await failJoinsDurably(page, 3);
      await sleep((30 * minuteMs) / factor);
      for (const { at } of collector.beacons) {
        knocks.longestGapMs = Math.max(knocks.longestGapMs, knocks.last ? (at - knocks.last) * factor : 0);
        knocks.last = at;
        knocks.count += 1;
      }
      // Full jitter halves the means: 1, 2, 4 … 256, 300, 300 seconds, each times one half.
      assert.ok(knocks.count >= 5 && knocks.count <= 45, `${knocks.count} attempts in 30 minutes`);
      assert.ok(knocks.longestGapMs < 8 * minuteMs, `capped, but ${knocks.longestGapMs} ms passed`);
      collector.answerAsUsual();
      await assertDeliveredOnce(collector, ids);
    },
  );
}

survivalTest(
  '10: 50 tabs come back after an outage, and knock as one',
  async ({ collector, start }) => {
    const browser = await start();
    const first = await browser.open(pageUrl(collector));
    await settle(first);
    const ids = await failJoinsDurably(first, 1);
    const pages = [first];
    while (pages.length < 50) pages.push(await browser.open(pageUrl(collector)));
    await whenQuiet(collector);
    collector.answerAlways(status(503));
    collector.beacons.splice(0);
    for (const page of pages) ids.push(...(await failJoins(page, 1)));
    await sleep(3_000);
    const before = collector.beacons.length;
    collector.answerAsUsual();
    await assertDeliveredOnce(collector, ids, 30_000);
    // All tabs share one queue and one sender: the outage costs no more requests than one tab's.
    assert.ok(before < 40, `${before} requests during the outage`);
    assert.ok(collector.beacons.length - before < 40, `${collector.beacons.length - before} requests after it`);
  },
  { timeoutMs: 240_000 },
);
