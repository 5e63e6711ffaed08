/** Rows 6, 7, 8, 11 and 23: answers that are lost, partial, refusals, lies, or about gzip. */
import { strict as assert } from 'node:assert';
import type { SeenRecord } from '../support/answers.js';
import * as answers from '../support/answers.js';
import {
  assertDeliveredOnce,
  failJoins,
  failJoinsDurably,
  pageUrl,
  queued,
  settle,
  whenDropped,
  whenQuiet,
} from '../support/steps.js';
import { survivalTest } from '../support/survival.js';

for (const [what, answer] of [
  ['the answer is lost', answers.loseAnswer],
  ["a proxy's 502 after the commit", answers.storeThenStatus(502)],
] as const) {
  survivalTest(`6: stored, but ${what}`, async ({ collector, borrow }) => {
    const page = await (await borrow()).open(pageUrl(collector));
    await settle(page);
    await whenQuiet(collector);
    collector.answerNext(answer, answer);
    const ids = await failJoins(page, 5);
    await assertDeliveredOnce(collector, ids);
    await collector.whenQueueEmpty(() => queued(page));
    const copies = Math.max(...collector.copies().values());
    assert.ok(copies >= 2, 'retried with the same ids');
    await assertDeliveredOnce(collector, ids);
  });
}

const joins = 32;

/** Whichever record of that event is seen first is the culprit, and stays it. */
const firstOf = (event: string) => {
  let culprit: string | undefined;
  return {
    id: () => culprit,
    is: (record: SeenRecord): boolean => {
      if (record.event !== event) return false;
      const id = String(record.attributes['meeting.join.id']);
      culprit ??= id;
      return id === culprit;
    },
  };
};

survivalTest('7: a poison record in a batch', async ({ collector, borrow }) => {
  const page = await (await borrow()).open(pageUrl(collector));
  await settle(page);
  await whenQuiet(collector);
  const poison = firstOf('meeting.join.result');
  collector.answerAlways(answers.poisonedBy(poison.is));
  const ids = await failJoins(page, joins);
  await whenDropped(collector, 'rejected', 1);
  await assertDeliveredOnce(
    collector,
    ids.filter(id => id !== poison.id()),
  );
  const refused = collector.beacons.filter(({ status }) => status === 400);
  const largest = Math.max(...refused.map(({ records }) => records.length));
  assert.ok(refused.length <= Math.ceil(Math.log2(largest)) + 1, `${refused.length} refusals for ${largest} records`);
});

survivalTest('7: partial success', async ({ collector, borrow }) => {
  const page = await (await borrow()).open(pageUrl(collector));
  await settle(page);
  await whenQuiet(collector);
  const refusals = { left: 2 };
  collector.answerAlways(answers.partialSuccess(({ event }) => event === 'meeting.join.result' && refusals.left-- > 0));
  await failJoins(page, joins);
  await whenDropped(collector, 'partial_success', 2);
  await collector.whenQueueEmpty(() => queued(page));
  assert.ok(Math.max(...collector.copies().values()) === 1, 'never retried');
});

survivalTest('8: 413 for a batch, and for one record alone', async ({ collector, borrow }) => {
  const page = await (await borrow()).open(pageUrl(collector));
  await settle(page);
  await whenQuiet(collector);
  const big = firstOf('exception');
  collector.answerAlways(answers.tooLargeOver(4, big.is));
  const ids = await failJoins(page, joins);
  await whenDropped(collector, 'too_large', 1);
  await assertDeliveredOnce(
    collector,
    ids.filter(id => id !== big.id()),
  );
});

for (const [what, answer] of [
  ['200 text/html', answers.captivePortal],
  ['302 to a login page', answers.redirect('/login')],
  ['302 to another origin, an opaque redirect', answers.redirect('http://127.0.0.1:9/login')],
  ["200 with somebody else's JSON", answers.strangersJson],
] as const) {
  survivalTest(`11: captive portal, ${what}: never an acknowledgement`, async ({ collector, borrow }) => {
    const page = await (await borrow()).open(pageUrl(collector));
    await settle(page);
    await whenQuiet(collector);
    collector.answerAlways(answer);
    const before = collector.beacons.length;
    const ids = await failJoinsDurably(page, 3);
    await collector.whenBeacon(beacon => collector.beacons.indexOf(beacon) >= before);
    assert.ok((await queued(page)) >= 9, 'still queued');
    collector.answerAsUsual();
    await assertDeliveredOnce(collector, ids);
  });
}

survivalTest('23: gzip refused (415) is retried plain, and not tried again', async ({ collector, borrow }) => {
  const page = await (await borrow()).open(pageUrl(collector));
  collector.answerAlways(answers.refuseGzip);
  await settle(page);
  await assertDeliveredOnce(collector, await failJoins(page, 3));
  const gzipped = collector.beacons.filter(({ encoding }) => encoding === 'gzip').length;
  await assertDeliveredOnce(collector, await failJoins(page, 3));
  assert.ok(gzipped > 0, 'gzip was tried');
  assert.equal(collector.beacons.filter(({ encoding }) => encoding === 'gzip').length, gzipped);
});
