/** Row 21: two elements or two versions on one page; a host page with its own worker. */
import { strict as assert } from 'node:assert';
import {
  assertDeliveredOnce,
  assertNoCopies,
  failJoins,
  pageUrl,
  readTable,
  settle,
  type Tag,
  whenQuiet,
} from '../support/steps.js';
import { survivalTest } from '../support/survival.js';

const joinsFromAllTags = (): string[] =>
  [...document.querySelectorAll<Tag>('meeting-join-telemetry')].map(tag => {
    const attempt = tag.startJoin({ method: 'native' });
    attempt.fail({ code: 7 });
    return attempt.id;
  });

survivalTest('21: two elements and two copies of the script on one page', async ({ collector, borrow }) => {
  const page = await (await borrow()).open(pageUrl(collector));
  await settle(page);
  await page.evaluate(async () => {
    const first = document.querySelector<Tag>('meeting-join-telemetry');
    const second = first?.cloneNode() as Tag;
    document.body.append(second);
    const copy = '/dist/meeting-join-telemetry.js?copy';
    await import(copy);
    await second.ready;
  });
  await whenQuiet(collector);
  const ids = await page.evaluate(joinsFromAllTags);
  assert.equal(ids.length, 2);
  await assertDeliveredOnce(collector, ids);
  await whenQuiet(collector);
  assertNoCopies(collector);
  assert.equal((await readTable(page, 'routes')).length, 1, 'one route, one queue');
});

survivalTest("21: the host page's own worker imports ours", async ({ collector, borrow }) => {
  collector.extras.set('/host-sw.js', {
    contentType: 'text/javascript',
    body: `importScripts('/meeting-join-telemetry-sw.js');
      addEventListener('fetch', event => {
        if (new URL(event.request.url).pathname === '/from-the-host-worker') event.respondWith(new Response('host'));
      });`,
  });
  const browser = await borrow();
  const page = await browser.open(pageUrl(collector, { 'worker-src': '/host-sw.js' }));
  await settle(page);
  await page.reload();
  await settle(page);
  await assertDeliveredOnce(collector, await failJoins(page, 3));
  assertNoCopies(collector);
  const fromHost = await page.evaluate(async () => (await fetch('/from-the-host-worker')).text());
  assert.equal(fromHost, 'host', "the host's own handler works");
  await page.evaluate(() =>
    document
      .querySelector<Tag>('meeting-join-telemetry')
      ?.purge()
      .then(() => undefined),
  );
  const workers = await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length);
  assert.equal(workers, 1, 'the purge leaves a worker that is not ours');
});
