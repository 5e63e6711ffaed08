/** Rows 9, 10, 12 and 13: a collector that asks for patience, is away for long, is blocked, or says no. */
import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '../support/answers.js';
import { acceleratedClock } from '../support/clocks.js';
import type { Collector } from '../support/collector.js';
import {
  assertDeliveredOnce,
  failJoins,
  failJoinsDurably,
  flush,
  holdsJoin,
  pageUrl,
  readTable,
  settle,
  whenQuiet,
} from '../support/steps.js';
import { type Scene, survivalTest } from '../support/survival.js';

interface StoredRoute {
  nextAttemptAt: number;
  attempts: number;
}

const assertSilentUntil = (collector: Collector, from: number, deadline: number): void => {
  const early = collector.beacons.filter(({ at }) => at > from && at < deadline);
  assert.deepEqual(
    early.map(({ at }) => deadline - at),
    [],
    'no request before the deadline',
  );
};

/** Answers one beacon with a Retry-After; resolves with the joins in it and when the answer went out. */
const askForPatience = async ({ collector, start }: Scene, retryAfter: string, code = 503) => {
  const browser = await start();
  const page = await browser.open(pageUrl(collector));
  await settle(page);
  await whenQuiet(collector);
  collector.answerNext(status(code, { 'Retry-After': retryAfter }));
  const ids = await failJoins(page, 2);
  const beacon = await collector.whenBeacon(holdsJoin(ids[0]));
  return { browser, page, ids, answeredAt: beacon.answeredAt ?? beacon.at };
};

survivalTest('9: Retry-After in seconds holds for every tab, across a reload and a flush', async scene => {
  const { collector } = scene;
  const { browser, page, ids, answeredAt } = await askForPatience(scene, '5', 429);
  await page.reload();
  const other = await browser.open(pageUrl(collector));
  await settle(other);
  await Promise.all([flush(page), flush(other)]);
  ids.push(...(await failJoins(other, 1)));
  await assertDeliveredOnce(collector, ids);
  assertSilentUntil(collector, answeredAt, answeredAt + 4_900);
});

survivalTest('9: Retry-After as an HTTP date holds across a kill', async scene => {
  const { collector, start } = scene;
  const deadline = Math.ceil(Date.now() / 1_000) * 1_000 + 9_000;
  const { browser, ids, answeredAt } = await askForPatience(scene, new Date(deadline).toUTCString());
  await sleep(300);
  await browser.kill();
  const page = await (await start()).open(pageUrl(collector));
  await settle(page);
  ids.push(...(await failJoins(page, 1)));
  await assertDeliveredOnce(collector, ids);
  assertSilentUntil(collector, answeredAt, deadline - 50);
});

survivalTest('9: Retry-After in the past is no storm, absurdly far is capped', async scene => {
  const { collector } = scene;
  const { page, ids, answeredAt } = await askForPatience(scene, 'Wed, 21 Oct 2015 07:28:00 GMT');
  await assertDeliveredOnce(collector, ids);
  assert.ok(collector.beacons.filter(({ at }) => at > answeredAt).length <= 6);
  await whenQuiet(collector);
  collector.answerNext(status(503, { 'Retry-After': '99999999' }));
  const [id] = await failJoins(page, 1);
  const { at } = await collector.whenBeacon(holdsJoin(id));
  await sleep(500);
  const [route] = await readTable<StoredRoute>(page, 'routes');
  // The cap of an hour, and what spreads a herd that was told the same.
  const waitMs = (route?.nextAttemptAt ?? 0) - at;
  assert.ok(waitMs > 60_000 && waitMs <= 4_500_000, `waits ${waitMs} ms`);
});

const factor = 100;
const minuteMs = 60_000;

for (const [what, answer] of [
  ['refused', undefined],
  ['503', status(503)],
] as const) {
  survivalTest(
    `10: ${what} for 30 minutes, on a clock that runs ${factor} times as fast`,
    async ({ collector, start }) => {
      const clock = acceleratedClock(factor);
      collector.pageHead = `<script>${clock}</script>`;
      collector.workerPrelude = clock;
      const page = await (await start()).open(pageUrl(collector));
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

survivalTest('12: blocked by CORS: few attempts, and nothing is lost', async ({ collector, start }) => {
  // Another origin, which answers no preflight: what a page sees of an ad blocker is the same network error.
  const endpoint = `http://127.0.0.1:${collector.port}/v1/logs`;
  const page = await (await start()).open(pageUrl(collector, { endpoint }));
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
  survivalTest(`13: ${code}: no storm, counted`, async ({ collector, start }) => {
    const page = await (await start()).open(pageUrl(collector));
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
    // Said again it would only have been refused again: the count stays on the device, for the disclosure.
    const drops = await readTable<{ reason: string; count: number }>(page, 'drops');
    const counted = drops.filter(({ reason }) => reason === 'refused').reduce((sum, { count }) => sum + count, 0);
    assert.ok(counted >= 9, `${counted} counted`);
  });
}

survivalTest('13: 410 stops for good, across a reload', async ({ collector, start }) => {
  const page = await (await start()).open(pageUrl(collector));
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
