/** Rows 19 and 20: no usable worker, and no usable Background Sync. */
import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  assertDeliveredOnce,
  failJoins,
  failJoinsDurably,
  gateOf,
  openWithWaitingJoins,
  pageUrl,
  settle,
} from '../support/steps.js';
import { type Scene, survivalTest } from '../support/survival.js';

const patienceMs = 10_000;

survivalTest(
  '19: hard reload: controller is null',
  async ({ collector, borrow }) => {
    const page = await (await borrow()).open(pageUrl(collector));
    await settle(page);
    await page.hardReload();
    await settle(page);
    assert.equal(await page.evaluate(() => navigator.serviceWorker.controller === null), true);
    await assertDeliveredOnce(collector, await failJoins(page, 3), patienceMs);
  },
  {
    except: {
      webkit: 'its hard reload does not pass the worker by',
    },
  },
);

const withoutWorker = (prepare: (scene: Scene) => Record<string, string> | undefined) => async (scene: Scene) => {
  const { collector, start } = scene;
  const attributes = prepare(scene) ?? {};
  const browser = await start();
  const page = await browser.open(pageUrl(collector, attributes));
  await settle(page, { withWorker: false });
  const ids = await failJoins(page, 3);
  await assertDeliveredOnce(collector, ids, patienceMs);
  // The same durability: offline, killed, and there again.
  await collector.refuse();
  const offline = await failJoinsDurably(page, 3);
  await browser.kill();
  await collector.comeBack();
  await (await start()).open(pageUrl(collector, attributes));
  await assertDeliveredOnce(collector, offline, patienceMs);
};

survivalTest(
  '19: no worker wanted',
  withoutWorker(() => ({ 'worker-src': '' })),
);

survivalTest(
  '19: 404 for the worker',
  withoutWorker(({ collector }) => {
    collector.workerStatus = 404;
    return undefined;
  }),
);

survivalTest(
  '19: the worker may not control this page',
  withoutWorker(({ collector }) => {
    collector.extras.set('/elsewhere/sw.js', { contentType: 'text/javascript', body: '' });
    return { 'worker-src': '/elsewhere/sw.js' };
  }),
);

survivalTest(
  "19: CSP worker-src 'none'",
  withoutWorker(({ collector }) => {
    collector.pageHeaders = { 'Content-Security-Policy': "worker-src 'none'" };
    return undefined;
  }),
);

survivalTest(
  '19: a worker that never answers',
  withoutWorker(({ collector }) => {
    collector.extras.set('/meeting-join-telemetry-sw.js', { contentType: 'text/javascript', body: '/* deaf */' });
    return undefined;
  }),
);

survivalTest('19: Trusted Types and a strict CSP do not keep the worker away', async ({ collector, borrow }) => {
  collector.pageHeaders = {
    'Content-Security-Policy':
      "default-src 'self'; script-src 'self'; worker-src 'self'; img-src data:; require-trusted-types-for 'script'",
  };
  const browser = await borrow();
  const page = await browser.open(pageUrl(collector));
  const deadline = Date.now() + patienceMs;
  while (!collector.requests.includes('GET /meeting-join-telemetry-sw.js') && Date.now() < deadline) await sleep(50);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await collector.whenStored(stored => stored.length > 0);
});

const insecureHost = 'launcher.test';

survivalTest('19: insecure context', async ({ engine, collector, start }) => {
  const browser = await start({
    switches:
      engine === 'chromium'
        ? [`--host-resolver-rules=MAP ${insecureHost} 127.0.0.1`]
        : engine === 'webkit'
          ? [`--proxy=http://127.0.0.1:${collector.port}`]
          : [],
    preferences: { 'network.dns.localDomains': insecureHost },
  });
  const url = pageUrl(collector).replace('localhost', insecureHost);
  const page = await browser.open(url);
  assert.equal(await page.evaluate(() => isSecureContext), false);
  const gate = await gateOf(page);
  assert.equal(gate.state, 'open', gate.reason);
  await assertDeliveredOnce(collector, await failJoins(page, 3), patienceMs);
});

for (const [what, body] of [
  ['absent', 'delete ServiceWorkerRegistration.prototype.sync'],
  ['denied', `SyncManager.prototype.register = () => Promise.reject(new DOMException('denied', 'NotAllowedError'))`],
  ['hanging', 'SyncManager.prototype.register = () => new Promise(() => {})'],
] as const) {
  survivalTest(`20: Background Sync ${what}: drained on the next visit`, async ({ collector, borrow }) => {
    const guarded = `if (globalThis.SyncManager) { ${body} }`;
    collector.pageHead = `<script>${guarded}</script>`;
    const browser = await borrow();
    const { page, ids } = await openWithWaitingJoins(collector, browser);
    await page.close();
    await collector.comeBack();
    await browser.open(pageUrl(collector));
    await assertDeliveredOnce(collector, ids, patienceMs);
  });
}

survivalTest(
  '20: Background Sync drains without a visit',
  async ({ collector, borrow }) => {
    const browser = await borrow();
    const { page, ids } = await openWithWaitingJoins(collector, browser);
    await sleep(1_500);
    await page.close();
    await collector.comeBack();
    const other = await browser.open('about:blank');
    await browser.chromium?.dispatchSync(collector.origin, 'meeting-join-telemetry');
    await assertDeliveredOnce(collector, ids, patienceMs);
    await other.close();
  },
  { except: { firefox: 'no Background Sync in the engine', webkit: 'no Background Sync in the engine' } },
);

survivalTest(
  '20: Background Sync exhausted: drained on the next visit',
  async ({ collector, borrow }) => {
    const browser = await borrow();
    const { page, ids } = await openWithWaitingJoins(collector, browser);
    await sleep(1_500);
    await page.close();
    const other = await browser.open('about:blank');
    // The last of the browser's tries, after which it gives up.
    await browser.chromium?.dispatchSync(collector.origin, 'meeting-join-telemetry', { lastChance: true });
    await sleep(500);
    await collector.comeBack();
    await browser.open(pageUrl(collector));
    await assertDeliveredOnce(collector, ids, patienceMs);
    await other.close();
  },
  { except: { firefox: 'no Background Sync in the engine', webkit: 'no Background Sync in the engine' } },
);
