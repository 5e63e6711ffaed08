/** What the product costs a page, as a browser loads it: every script that it asked for, compressed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MeetingJoinTelemetryElement } from 'meeting-join-telemetry';
import { browserTest, inChromium } from './browsing.js';
import { pageWith, type Site } from './site.js';
import { brotliBytes, budgets, workerFile } from './sizes.js';

const scriptsOf = (site: Site): string[] =>
  site.requests
    .map(request => request.replace(/^GET \/(dist\/)?/, ''))
    .filter(file => /^meeting-join-telemetry.*\.js$/.test(file) && file !== workerFile);

const weigh = (what: string, files: string[], budget: number): void => {
  const bytes = files.reduce((sum, file) => sum + brotliBytes(file), 0);
  console.log(`${what}: ${bytes} bytes (brotli) of ${budget}: ${files.join(', ')}`);
  assert.ok(bytes <= budget, `${what} weighs ${bytes} bytes, ${bytes - budget} too many: see npm run size`);
};

const openPage = async (site: Site, attributes: Record<string, string>) => {
  site.mount('/dist/', 'dist');
  site.mount('/', 'dist');
  site.resources.set('/', pageWith(attributes));
};

browserTest(
  'a closed gate costs the shell and one request',
  async ({ site, start }) => {
    await openPage(site, { pool: 'pool02.contoso.com' });
    const browser = await start();
    const page = await browser.open(site.origin);
    await page.evaluate(() => document.querySelector<MeetingJoinTelemetryElement>('meeting-join-telemetry')?.ready);
    await sleep(1_000);
    const requests = site.requests.filter(request => !/^GET \/((ear|join)\.js)?$/.test(request));
    assert.deepEqual(
      requests,
      ['GET /dist/meeting-join-telemetry.js', 'GET /web-service-configuration.json'],
      'one script and one configuration, nothing else',
    );
    const left = await page.evaluate(async () => [
      ...(await indexedDB.databases()).map(({ name }) => name),
      ...(await navigator.serviceWorker.getRegistrations()).map(({ scope }) => scope),
      ...Object.keys(localStorage),
      document.cookie,
    ]);
    assert.deepEqual(left, [''], 'nothing is stored or registered');
    weigh('gate closed', scriptsOf(site), budgets.closedBytes);
  },
  inChromium,
);

browserTest(
  'an open gate costs shell and session',
  async ({ site, start }) => {
    await openPage(site, {});
    const browser = await start();
    const page = await browser.open(site.origin);
    for (const visit of ['first visit', 'return visit']) {
      const { referer } = await site.whenReceived('meeting.join.result');
      assert.match(referer, new RegExp(`${workerFile}$`), 'the worker sends');
      weigh(`gate open, ${visit}`, scriptsOf(site), budgets.openBytes);
      site.requests.length = 0;
      site.received.length = 0;
      await page.reload();
    }
  },
  inChromium,
);

test('the worker', () => weigh('worker', [workerFile], budgets.workerBytes));
