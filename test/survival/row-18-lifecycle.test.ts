/** Row 18: bfcache, freeze, prerender, navigation right after the click, graceful quit. */
import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  assertDeliveredOnce,
  assertStoredOnce,
  eventsOf,
  failJoins,
  failJoinsDurably,
  openWithWaitingJoins,
  pageUrl,
  queued,
  settle,
  type Tag,
  whenQuiet,
} from '../support/steps.js';
import { survivalTest } from '../support/survival.js';

survivalTest('18: navigation in the very task of the join', async ({ collector, borrow }) => {
  const browser = await borrow();
  const page = await browser.open(pageUrl(collector));
  await settle(page);
  await whenQuiet(collector);
  // The page may be gone before it can answer: the id is read where it went.
  await page
    .evaluate(away => {
      const attempt = document.querySelector<Tag>('meeting-join-telemetry')?.startJoin({ method: 'native' });
      attempt?.fail({ code: 7 });
      sessionStorage.setItem('join', attempt?.id ?? '');
      setTimeout(() => location.assign(away), 0);
    }, `${collector.origin}/page?bare`)
    .catch(() => undefined);
  await sleep(1_000);
  const id = await page.evaluate(() => sessionStorage.getItem('join') ?? '');
  await browser.open(pageUrl(collector));
  await assertDeliveredOnce(collector, [id]);
});

survivalTest('18: graceful quit right after the event', async ({ collector, start }) => {
  const browser = await start();
  const page = await browser.open(pageUrl(collector));
  await settle(page);
  await collector.refuse();
  const ids = await failJoins(page, 3);
  await browser.quit();
  await collector.comeBack();
  await (await start()).open(pageUrl(collector));
  await assertDeliveredOnce(collector, ids);
});

survivalTest('18: an attempt that was open when its tab died gets one result', async ({ collector, start }) => {
  const browser = await start();
  const page = await browser.open(pageUrl(collector));
  await settle(page);
  const id = await page.evaluate(async () => {
    const tag = document.querySelector<Tag>('meeting-join-telemetry');
    const attempt = tag?.startJoin({ method: 'native' });
    await tag?.queued();
    return attempt?.id ?? '';
  });
  await browser.kill();
  const later = await start();
  await later.open(pageUrl(collector));
  await later.open(pageUrl(collector));
  await collector.whenStored(stored => eventsOf(stored, id).includes('meeting.join.result'));
  await whenQuiet(collector);
  assertStoredOnce(collector, [id]);
  const result = [...collector.stored.values()].find(
    ({ event, attributes }) => event === 'meeting.join.result' && attributes['meeting.join.id'] === id,
  );
  assert.equal(result?.attributes['meeting.join.result'], 'unknown');
});

interface Restored {
  restored?: boolean;
}

// Firefox keeps no page that has called upon its worker, Chromium none that sends as it is left.
for (const [sends, attributes, keepers] of [
  ['the worker', {}, ['chromium', 'webkit']],
  ['the page', { 'worker-src': '' }, ['firefox']],
] as const) {
  survivalTest(
    `18: into the back/forward cache and out of it, ${sends} sends; no unload listener`,
    async ({ engine, collector, borrow }) => {
      collector.pageHead = `<script>
    globalThis.listened = [];
    const { addEventListener } = EventTarget.prototype;
    EventTarget.prototype.addEventListener = function (type, ...rest) {
      listened.push(type);
      return addEventListener.call(this, type, ...rest);
    };
    addEventListener('pageshow', ({ persisted }) => { globalThis.restored = persisted; });
  </script>`;
      const page = await (await borrow()).open(pageUrl(collector, attributes));
      await settle(page, { withWorker: sends === 'the worker' });
      const ids = await failJoinsDurably(page, 2);
      const listened = await page.evaluate(() => (globalThis as unknown as { listened: string[] }).listened);
      assert.deepEqual(
        listened.filter(type => /unload/.test(type)),
        [],
      );
      // A request on its way keeps a page out of the cache.
      await assertDeliveredOnce(collector, ids);
      await collector.whenQueueEmpty(() => queued(page));
      await whenQuiet(collector);
      await page.goto(`${collector.origin}/page?bare`);
      await page.evaluate(() => setTimeout(() => history.back(), 200) as unknown as undefined);
      await sleep(1_500);
      const isRestored = await page.evaluate(() => (globalThis as Restored).restored);
      if (keepers.some(keeper => keeper === engine)) assert.equal(isRestored, true, 'the page was kept');
      await settle(page, { withWorker: sends === 'the worker' });
      ids.push(...(await failJoins(page, 2)));
      // Longer than the lease of a flush that was put aside with the page.
      await assertDeliveredOnce(collector, ids, 45_000);
    },
  );
}

survivalTest(
  '18: frozen and resumed',
  async ({ collector, borrow }) => {
    const browser = await borrow();
    const { page, ids } = await openWithWaitingJoins(collector, browser);
    await browser.chromium?.send(page, 'Page.setWebLifecycleState', { state: 'frozen' });
    await collector.comeBack();
    await sleep(1_000);
    await browser.chromium?.send(page, 'Page.setWebLifecycleState', { state: 'active' });
    ids.push(...(await failJoins(page, 1)));
    await assertDeliveredOnce(collector, ids);
  },
  { except: { firefox: 'only CDP freezes a page', webkit: 'only CDP freezes a page' } },
);

survivalTest(
  '18: prerendered: nothing before activation',
  async ({ collector, borrow }) => {
    const page = await (await borrow()).open(`${collector.origin}/page?bare`);
    const target = pageUrl(collector);
    await page.evaluate(url => {
      const rules = document.createElement('script');
      rules.type = 'speculationrules';
      rules.textContent = JSON.stringify({ prerender: [{ urls: [url], eagerness: 'immediate' }] });
      document.head.append(rules);
    }, target);
    await sleep(2_000);
    const requestsOf = (what: string) => collector.requests.filter(request => request.includes(what)).length;
    assert.equal(requestsOf('GET /page'), 2, 'the page was prerendered');
    assert.equal(requestsOf('/web-service-configuration.json'), 0);
    assert.equal(requestsOf('/v1/logs'), 0);
    assert.deepEqual(await page.evaluate(async () => (await indexedDB.databases()).length), 0);
    // Only a navigation that the page itself begins may take what it has prerendered.
    await page.evaluate(url => setTimeout(() => location.assign(url), 200) as unknown as undefined, target);
    await sleep(1_000);
    await settle(page);
    assert.equal(requestsOf('GET /page'), 2, 'the prerendered page was activated');
    await assertDeliveredOnce(collector, await failJoins(page, 1));
  },
  { except: { firefox: 'no prerendering in the engine', webkit: 'no prerendering in the engine' } },
);
