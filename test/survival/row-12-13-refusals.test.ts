/** Rows 12 and 13: a collector that is blocked, or says no. */
import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import { accept, status } from '../support/answers.js';
import type { Collector } from '../support/collector.js';
import { databaseBytes } from '../support/database-files.js';
import {
  assertDeliveredOnce,
  countedLosses,
  failJoins,
  failJoinsDurably,
  flush,
  pageUrl,
  queued,
  readTable,
  settle,
  whenDropped,
  whenQuiet,
} from '../support/steps.js';
import { survivalTest } from '../support/survival.js';

/** Whoever is blocked reaches no server: page and worker tell it of each attempt by another path. */
const tellOfAttempts = `{
  const { fetch } = globalThis;
  globalThis.fetch = (input, init) => {
    if (String(input.url ?? input).endsWith('/v1/logs')) void fetch('/attempt');
    return fetch(input, init);
  };
}
`;

const attemptsAt = ({ requests }: Collector): number => requests.filter(request => request === 'GET /attempt').length;

for (const [who, attributes] of [
  ['the worker', {}],
  ['a page without a worker', { 'worker-src': '' }],
] as const) {
  survivalTest(
    `12: a content blocker stops ${who}: few attempts, hardly any work, no room taken, nothing lost`,
    async ({ collector, profileDir, start }) => {
      collector.pageHead = `<script>${tellOfAttempts}</script>`;
      collector.workerPrelude = tellOfAttempts;
      const browser = await start({ blockedPath: '/v1/logs' });
      const page = await browser.open(pageUrl(collector, attributes));
      await settle(page, { withWorker: !('worker-src' in attributes) });
      const ids = await failJoinsDurably(page, 3);
      // The start of page and browser is work of its own.
      await sleep(2_500);
      const before = { seconds: browser.cpuSeconds(), waiting: await queued(page), bytes: databaseBytes(profileDir) };
      await sleep(5_000);
      const attempts = attemptsAt(collector);
      const seconds = browser.cpuSeconds() - before.seconds;
      const bytes = databaseBytes(profileDir) - before.bytes;
      assert.ok(attempts >= 1 && attempts <= 12, `${attempts} attempts in 7.5 s`);
      assert.ok(seconds <= 1, `${seconds} s of processor time in 5 s`);
      assert.ok(bytes <= 500_000, `the queue grew by ${bytes} bytes`);
      // A vital, or the sum of what was counted, may come by the way.
      assert.ok((await queued(page)) <= before.waiting + 3);
      assert.equal(collector.beacons.length, 0);
      await browser.quit();

      await (await start()).open(pageUrl(collector, attributes));
      await assertDeliveredOnce(collector, ids);
    },
  );
}

survivalTest('12: refused by CORS: few attempts, and nothing is lost', async ({ collector, borrow }) => {
  // Another origin, which answers no preflight.
  const endpoint = `http://127.0.0.1:${collector.port}/v1/logs`;
  const page = await (await borrow()).open(pageUrl(collector, { endpoint }));
  await settle(page);
  const ids = await failJoinsDurably(page, 3);
  await sleep(5_000);
  const tries = collector.requests.filter(request => request.endsWith('/v1/logs')).length;
  assert.ok(tries >= 1 && tries <= 10, `${tries} attempts in 5 s`);
  assert.equal(collector.beacons.length, 0);
  const waiting = await readTable<{ route: string }>(page, 'entries');
  assert.ok(waiting.length >= ids.length * 3, 'still queued');
});

/** More than one batch holds. */
const joinsOfSeveralBatches = 150;

for (const code of [401, 403]) {
  survivalTest(`13: ${code} in the middle of a queue: no storm, counted`, async ({ collector, borrow }) => {
    const page = await (await borrow()).open(pageUrl(collector));
    await settle(page);
    await whenQuiet(collector);
    const before = collector.beacons.length;
    collector.answerNext(accept);
    collector.answerAlways(status(code));
    const ids = await failJoinsDurably(page, joinsOfSeveralBatches);
    await collector.whenQueueEmpty(() => queued(page));
    await whenQuiet(collector);
    const beacons = collector.beacons.slice(before);
    const refused = beacons.filter(beacon => beacon.status === code);
    assert.ok(refused.length > 0 && beacons.some(beacon => beacon.status === 200), 'some were taken, some refused');
    // Each batch once: nobody asks again.
    const copies = [...collector.copies().values()].filter(count => count > 1);
    assert.deepEqual(copies, []);
    assert.ok(refused.length <= 15, `${refused.length} requests were refused`);
    collector.answerAsUsual();
    await assertDeliveredOnce(collector, await failJoins(page, 1));
    const counted = await countedLosses(page, 'refused');
    await whenDropped(collector, 'refused', counted);
    const lost = refused.reduce((sum, { records }) => sum + records.length, 0);
    assert.ok(counted >= lost, `${counted} counted, ${lost} refused`);
    const kept = [...collector.stored.values()].filter(({ attributes }) =>
      ids.includes(String(attributes['meeting.join.id'])),
    );
    assert.ok(kept.length + counted >= ids.length * 3, `${kept.length} stored + ${counted} counted`);
  });
}

survivalTest(
  '13: 410 in the middle of a queue stops for good, across a reload and a kill',
  async ({ collector, start }) => {
    const browser = await start();
    const page = await browser.open(pageUrl(collector));
    await settle(page);
    await whenQuiet(collector);
    collector.answerNext(accept, status(410));
    await failJoins(page, joinsOfSeveralBatches);
    await collector.whenBeacon(beacon => beacon.status === 410);
    await sleep(300);
    const count = collector.beacons.length;
    await failJoins(page, 3);
    await page.reload();
    await failJoins(page, 3);
    await flush(page);
    await sleep(1_000);
    await browser.kill();
    const later = await (await start()).open(pageUrl(collector));
    await settle(later);
    await failJoinsDurably(later, 3);
    await flush(later);
    await sleep(1_000);
    assert.equal(collector.beacons.length, count, 'never again');
  },
);
