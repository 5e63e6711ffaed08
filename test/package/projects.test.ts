/** Fresh projects install the packed package, build, and are opened in a browser; their beacons arrive. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from '../support/browser.js';
import { browserTest, inChromium } from './browsing.js';
import { freshProject, typecheck } from './packed.js';
import { snippets } from './readme.js';
import type { Site } from './site.js';

const product = 'node_modules/meeting-join-telemetry';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

const clickJoin = (page: Page): Promise<void> =>
  page.evaluate(() => document.querySelector<HTMLElement>('button, a')?.click());

/** Those of the README in a framework's own language are compiled with its project. */
const snippetsFor = (name: string): Record<string, string> =>
  Object.fromEntries(
    snippets()
      .filter(({ test, language }) => test === name && language === 'tsx')
      .map(({ text }, index) => [`src/snippet${index}.tsx`, text]),
  );

/** Joins, and waits until the attempt has arrived, of a tag that knows which version it is. */
const joinAndArrive = async (site: Site, page: Page): Promise<void> => {
  await clickJoin(page);
  const { sdkVersion } = await site.whenReceived('meeting.join.attempt');
  assert.equal(sdkVersion, version);
  assert.deepEqual(site.said, []);
};

browserTest(
  'plain HTML, with integrity',
  async ({ site, start }) => {
    const project = await freshProject('html');
    const hashes = JSON.parse(readFileSync(join(project, product, 'dist/integrity.json'), 'utf8'));
    const byUrl = Object.fromEntries(Object.entries(hashes).map(([file, hash]) => [`/telemetry/${file}`, hash]));
    const page = readFileSync(join(project, 'index.html'), 'utf8')
      .replace('"INTEGRITY"', JSON.stringify(byUrl))
      .replace('SHELL', hashes['meeting-join-telemetry.js']);
    site.resources.set('/', { body: page, type: 'text/html' });
    site.mount('/telemetry/', join(project, product, 'dist'));
    const browser = await start();
    await joinAndArrive(site, await browser.open(site.origin));
  },
  inChromium,
);

for (const [name, what] of [
  ['react', 'Vite and React'],
  ['vue', 'Vite and Vue, with the typings of Svelte'],
] as const) {
  browserTest(
    what,
    async ({ site, start }) => {
      const project = await freshProject(name, snippetsFor(name));
      await typecheck(project);
      site.resources.set('/', { body: readFileSync(join(project, 'dist/index.html')), type: 'text/html' });
      site.mount('/', join(project, 'dist'));
      const browser = await start();
      const page = await browser.open(site.origin);
      await joinAndArrive(site, page);
      await site.whenReceived('meeting.join.result');
      assert.equal(await page.evaluate(() => document.querySelector('output')?.textContent), 'open');
    },
    inChromium,
  );
}

browserTest(
  'a page with its own Workbox worker',
  async ({ site, start }) => {
    const project = await freshProject('workbox');
    site.resources.set('/', { body: readFileSync(join(project, 'dist/index.html')), type: 'text/html' });
    site.mount('/', join(project, 'dist'));
    const browser = await start();
    const page = await browser.open(site.origin);
    await page.evaluate(async () => void (await navigator.serviceWorker.ready));
    await page.reload();
    await sleep(500);
    site.received.length = 0;
    await joinAndArrive(site, page);
    assert.match(site.received[0]?.referer ?? '', /service-worker\.js$/, "the page's own worker sends");
    const scopes = await page.evaluate(async () => {
      await document.querySelector<HTMLElement & { purge(): Promise<unknown> }>('meeting-join-telemetry')?.purge();
      return (await navigator.serviceWorker.getRegistrations()).map(({ active }) => active?.scriptURL);
    });
    assert.deepEqual(scopes, [`${site.origin}/service-worker.js`], 'a purge leaves it where it is');
  },
  inChromium,
);
