/** Row 17: the computer's clock is a day off, or jumps, while records are queued. */
import { strict as assert } from 'node:assert';
import { delayed, hang, loseAnswer, status } from '../support/answers.js';
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
    const ids: string[] = [];
    const happened: [from: number, to: number][] = [];
    for (let join = 0; join < 3; join += 1) {
      const from = Date.now();
      ids.push(...(await failJoinsDurably(page, 1)));
      happened.push([from, Date.now()]);
    }
    await browser.kill();

    setClock(collector, then);
    collector.answerAsUsual();
    const restartedAt = Date.now();
    await (await start()).open(pageUrl(collector));
    await assertDeliveredOnce(collector, ids, 15_000);
    assert.ok(Date.now() - restartedAt < 20_000, 'no deadline or lease is stuck in the future');

    const attempts = [...collector.stored.values()].filter(({ event }) => event === 'meeting.join.attempt');
    assert.deepEqual(
      attempts.map(({ attributes }) => attributes['meeting.join.id']),
      ids,
      'in the order in which they happened',
    );
    for (const [join, { timeMs }] of attempts.entries()) {
      const [from = 0, to = 0] = happened[join] ?? [];
      assert.ok(timeMs > from - 2_000 && timeMs < to + 2_000, `recorded ${timeMs - from} ms off`);
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

survivalTest('17: asleep while an answer is on its way', async ({ collector, start }) => {
  const browser = await start();
  const page = await browser.open(pageUrl(collector));
  await settle(page);
  await whenQuiet(collector);
  collector.answerNext(delayed(1_000, loseAnswer));
  const ids = await failJoinsDurably(page, 2);
  await collector.whenBeacon(holdsJoin(ids[0]));
  // Stopped processes see what a computer that slept sees: a clock that has moved on, and connections that are dead.
  await browser.sleep(4_000);
  ids.push(...(await failJoinsDurably(page, 1)));
  await assertDeliveredOnce(collector, ids, 15_000);
});
