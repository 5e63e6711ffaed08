/** Row 9: a collector that asks for patience. */
import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '../support/answers.js';
import type { Page } from '../support/browser.js';
import type { Collector } from '../support/collector.js';
import type { SharedBrowser } from '../support/shared-browsers.js';
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
import { survivalTest } from '../support/survival.js';

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
const askForPatience = async (collector: Collector, browser: SharedBrowser, retryAfter: string, code = 503) => {
  const page = await browser.open(pageUrl(collector));
  await settle(page);
  await whenQuiet(collector);
  collector.answerNext(status(code, { 'Retry-After': retryAfter }));
  const ids = await failJoins(page, 2);
  const beacon = await collector.whenBeacon(holdsJoin(ids[0]));
  return { page, ids, answeredAt: beacon.answeredAt ?? beacon.at };
};

survivalTest(
  '9: Retry-After in seconds holds for every tab, across a reload and a flush',
  async ({ collector, borrow }) => {
    const browser = await borrow();
    const { page, ids, answeredAt } = await askForPatience(collector, browser, '5', 429);
    await page.reload();
    const other = await browser.open(pageUrl(collector));
    await settle(other);
    await Promise.all([flush(page), flush(other)]);
    ids.push(...(await failJoins(other, 1)));
    await assertDeliveredOnce(collector, ids);
    assertSilentUntil(collector, answeredAt, answeredAt + 4_900);
  },
);

survivalTest('9: Retry-After as an HTTP date holds across a kill', async ({ collector, start }) => {
  const browser = await start();
  const deadline = Math.ceil(Date.now() / 1_000) * 1_000 + 9_000;
  const { ids, answeredAt } = await askForPatience(collector, browser, new Date(deadline).toUTCString());
  await sleep(300);
  await browser.kill();
  const page = await (await start()).open(pageUrl(collector));
  await settle(page);
  ids.push(...(await failJoins(page, 1)));
  await assertDeliveredOnce(collector, ids);
  assertSilentUntil(collector, answeredAt, deadline - 50);
});

survivalTest('9: Retry-After in the past is no storm', async ({ collector, borrow }) => {
  const { ids, answeredAt } = await askForPatience(collector, await borrow(), 'Wed, 21 Oct 2015 07:28:00 GMT');
  await assertDeliveredOnce(collector, ids);
  assert.ok(collector.beacons.filter(({ at }) => at > answeredAt).length <= 6);
});

for (const [what, retryAfter] of [
  ['seconds', '99999999'],
  ['date', 'Fri, 31 Dec 2055 23:59:59 GMT'],
] as const) {
  survivalTest(
    `9: a ${what} absurdly far is capped, and holds across a reload and a kill`,
    async ({ collector, start }) => {
      const browser = await start();
      const { page, answeredAt } = await askForPatience(collector, browser, retryAfter);
      const assertCapped = async (visit: Page): Promise<void> => {
        const [route] = await readTable<StoredRoute>(visit, 'routes');
        // The cap of an hour, and what spreads a herd that was told the same.
        const waitMs = (route?.nextAttemptAt ?? 0) - answeredAt;
        assert.ok(waitMs > 60_000 && waitMs <= 4_500_000, `waits ${waitMs} ms`);
      };
      await sleep(500);
      await assertCapped(page);
      await page.reload();
      await settle(page);
      await failJoinsDurably(page, 1);
      await flush(page);
      await assertCapped(page);
      await browser.kill();
      const later = await (await start()).open(pageUrl(collector));
      await settle(later);
      await failJoinsDurably(later, 1);
      await flush(later);
      await sleep(500);
      await assertCapped(later);
      assertSilentUntil(collector, answeredAt, Number.POSITIVE_INFINITY);
    },
  );
}
