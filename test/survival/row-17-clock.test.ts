/** Row 17: the computer's clock is a day off, or jumps, while records are queued. */
import { strict as assert } from 'node:assert';
import { hang, status } from '../support/answers.js';
import { shiftedClock } from '../support/clocks.js';
import type { Collector } from '../support/collector.js';
import { assertDeliveredOnce, failJoinsDurably, holdsJoin, pageUrl, settle, whenQuiet } from '../support/steps.js';
import { survivalTest } from '../support/survival.js';

const dayMs = 86_400_000;

const setClock = (collector: Collector, byMs: number): void => {
  collector.pageHead = `<script>${shiftedClock(byMs)}</script>`;
  collector.workerPrelude = shiftedClock(byMs);
};

for (const [name, first, then] of [
  ['a day ahead, then right', dayMs, 0],
  ['a day behind, then right', -dayMs, 0],
  ['right, then a day ahead', 0, dayMs],
  ['right, then a day behind', 0, -dayMs],
] as const) {
  survivalTest(`17: clock ${name}, while queued`, async ({ collector, start }) => {
    setClock(collector, first);
    const browser = await start();
    const page = await browser.open(pageUrl(collector));
    await settle(page);
    await whenQuiet(collector);
    collector.answerAlways(status(503));
    const happenedAt = Date.now();
    const ids = await failJoinsDurably(page, 3);
    await browser.kill();

    setClock(collector, then);
    collector.answerAsUsual();
    const restartedAt = Date.now();
    await (await start()).open(pageUrl(collector));
    await assertDeliveredOnce(collector, ids, 15_000);
    assert.ok(Date.now() - restartedAt < 20_000, 'no deadline or lease is stuck in the future');

    const attempts = ids.map(id =>
      [...collector.stored.values()].find(
        ({ event, attributes }) => event === 'meeting.join.attempt' && attributes['meeting.join.id'] === id,
      ),
    );
    for (const attempt of attempts) {
      const offMs = (attempt?.timeMs ?? 0) - happenedAt;
      assert.ok(Math.abs(offMs) < 3_000, `recorded ${offMs} ms off`);
    }
  });
}

survivalTest('17: a lease taken by a clock of the future does not bind', async ({ collector, start }) => {
  setClock(collector, dayMs);
  const browser = await start();
  const page = await browser.open(pageUrl(collector));
  await settle(page);
  await whenQuiet(collector);
  collector.answerAlways(hang);
  const ids = await failJoinsDurably(page, 2);
  await collector.whenBeacon(holdsJoin(ids[0]));
  await browser.kill();
  setClock(collector, 0);
  collector.answerAsUsual();
  await (await start()).open(pageUrl(collector));
  await assertDeliveredOnce(collector, ids, 15_000);
});
