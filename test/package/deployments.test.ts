/** The ways a page may be deployed: each works, or degrades as the README says with one clear word on the console. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MeetingJoinTelemetryElement } from 'meeting-join-telemetry';
import { browserTest } from './browsing.js';
import { pageWith } from './site.js';

const trustedPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types meeting-join-telemetry',
].join('; ');

const byWorker = /meeting-join-telemetry-sw\.js$/;

/** Long enough for the worker to be active and for a second word, if there were one. */
const settleMs = 500;

browserTest('a strict policy with trusted types', async ({ site, start }) => {
  const headers = { 'Content-Security-Policy': trustedPolicy };
  site.mount('/dist/', 'dist');
  site.resources.set('/', { ...pageWith({ 'worker-src': '/dist/meeting-join-telemetry-sw.js' }), headers });
  const browser = await start();
  const page = await browser.open(site.origin);
  await site.whenReceived('meeting.join.result');
  await sleep(settleMs);
  assert.deepEqual(site.said, [], 'nothing is refused, nothing is said');
  const workers = await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length);
  assert.equal(workers, 1, 'the worker is registered through the policy');
});

browserTest('a policy that admits no worker: the page sends', async ({ site, start }) => {
  const headers = { 'Content-Security-Policy': "script-src 'self'; worker-src 'none'" };
  site.mount('/dist/', 'dist');
  site.resources.set('/', { ...pageWith({ 'worker-src': '/dist/meeting-join-telemetry-sw.js' }), headers });
  const browser = await start();
  await browser.open(site.origin);
  await site.whenReceived('meeting.join.result');
  await sleep(settleMs);
  const ours = site.said.filter(text => text.includes('meeting-join-telemetry:'));
  assert.equal(ours.length, 1, `one clear word: ${site.said.join(' | ')}`);
  assert.match(ours[0] ?? '', /warn: .*worker/);
});

browserTest('collector, configuration and scripts on another origin', async ({ site, elsewhere, start }) => {
  const cors = { 'Access-Control-Allow-Origin': site.origin };
  elsewhere.allowedOrigins.add(site.origin);
  elsewhere.mount('/dist/', 'dist', cors);
  site.mount('/', 'dist');
  const attributes = {
    endpoint: `${elsewhere.origin}/v1/logs`,
    'config-src': `${elsewhere.origin}/web-service-configuration.json`,
  };
  site.resources.set('/', pageWith(attributes, `${elsewhere.origin}/dist/meeting-join-telemetry.js`));
  const browser = await start();
  await browser.open(site.origin);
  const { origin } = await elsewhere.whenReceived('meeting.join.result');
  assert.equal(origin, site.origin);
  await sleep(settleMs);
  assert.deepEqual(site.said, []);
  assert.ok(!site.requests.includes('POST /v1/logs'));
});

browserTest('a collector on another origin that does not allow ours', async ({ site, elsewhere, start }) => {
  site.mount('/', 'dist');
  site.mount('/dist/', 'dist');
  site.resources.set('/', pageWith({ endpoint: `${elsewhere.origin}/v1/logs` }));
  const browser = await start();
  const page = await browser.open(site.origin);
  await sleep(3_000);
  const queued = await page.evaluate(() =>
    document.querySelector<MeetingJoinTelemetryElement>('meeting-join-telemetry')?.queued(),
  );
  assert.ok((queued ?? 0) > 0, 'what cannot be sent stays queued');
  const tries = elsewhere.requests.length;
  assert.ok(tries >= 1 && tries < 12, `tried ${tries} times, with growing distance`);
});

for (const allowed of [true, false]) {
  const how = allowed ? 'with' : 'without';
  browserTest(`a worker below a sub-path, ${how} Service-Worker-Allowed`, async ({ site, start }) => {
    site.mount('/static/telemetry/', 'dist', allowed ? { 'Service-Worker-Allowed': '/' } : {});
    const page = pageWith(
      { 'worker-src': '/static/telemetry/meeting-join-telemetry-sw.js' },
      '/static/telemetry/meeting-join-telemetry.js',
    );
    site.resources.set('/meet/', page);
    const browser = await start();
    const tab = await browser.open(`${site.origin}/meet/`);
    await site.whenReceived('meeting.join.result');
    await sleep(settleMs);
    // By then the worker is active; it sends whatever its scope, since it is asked by message and serves no page.
    site.received.length = 0;
    await tab.reload();
    const { referer } = await site.whenReceived('meeting.join.result');
    assert.match(referer, byWorker);
    assert.deepEqual(site.said, []);
  });
}

browserTest('a worker that is not there: the page sends', async ({ site, start }) => {
  site.mount('/dist/', 'dist');
  site.resources.set('/', pageWith({}));
  const browser = await start();
  await browser.open(site.origin);
  await site.whenReceived('meeting.join.result');
  await sleep(settleMs);
  assert.equal(site.said.length, 1, site.said.join(' | '));
  assert.match(site.said[0] ?? '', /^warn: meeting-join-telemetry: .*worker/);
});

const plainHost = 'meet.test';

browserTest(
  'an insecure context: the page sends, without a worker',
  async ({ site, start }) => {
    site.mount('/dist/', 'dist');
    site.mount('/', 'dist');
    site.resources.set('/', pageWith({}));
    const browser = await start({
      switches: [`--host-resolver-rules=MAP ${plainHost} 127.0.0.1`],
      preferences: { 'network.dns.localDomains': plainHost },
    });
    const page = await browser.open(`http://${plainHost}:${site.port}/`);
    assert.equal(await page.evaluate(() => isSecureContext), false);
    const { referer } = await site.whenReceived('meeting.join.result');
    assert.doesNotMatch(referer, byWorker);
    await sleep(settleMs);
    const ours = site.said.filter(text => text.includes('meeting-join-telemetry:'));
    assert.equal(ours.length, 1, `one clear word: ${site.said.join(' | ')}`);
  },
  // WebKitGTK's driver maps no names.
  engine => engine !== 'webkit',
);
