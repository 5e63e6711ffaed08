/** Our web vitals beside those of the web-vitals library, in the same page. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from '../support/browser.js';
import { pageUrl, settle } from '../support/steps.js';
import { survivalTest } from '../support/survival.js';

type Vitals = Record<string, Record<string, number | string>>;

const library = readFileSync('node_modules/web-vitals/dist/web-vitals.js', 'utf8');

/** Keeps what the library reports across the navigation that makes it final. */
const witness = `
import { onCLS, onFCP, onINP, onLCP, onTTFB } from '/web-vitals.js';
const keep = ({ name, value, rating, navigationType }) => {
  const vitals = JSON.parse(localStorage.vitals ?? '{}');
  vitals[name.toLowerCase()] = { value, rating, navigation_type: navigationType };
  localStorage.vitals = JSON.stringify(vitals);
};
for (const on of [onCLS, onFCP, onLCP, onTTFB]) on(keep);
// Or it loses an interaction when the page is not idle between that and its end.
onINP(keep, { reportAllChanges: true });
`;

/** A layout that jumps in two bursts, and a button that takes its time. */
const behaveBadly = async () => {
  const push = (height: number) => {
    const banner = document.createElement('div');
    banner.style.height = `${height}px`;
    document.body.prepend(banner);
  };
  const button = document.querySelector('button') as HTMLElement;
  button.removeAttribute('data-meeting-join');
  button.style.cssText = 'position: fixed; inset: 300px auto auto 300px; width: 100px; height: 100px';
  for (const busyMs of [120, 260])
    button.addEventListener('click', () => {
      for (const until = performance.now() + busyMs; performance.now() < until; );
    });
  const paragraph = document.createElement('p');
  paragraph.style.cssText = 'font-size: 60px; height: 300px';
  paragraph.textContent = 'The meeting begins soon. '.repeat(4);
  document.body.append(paragraph);
  for (const [waitMs, height] of [
    [300, 40],
    [200, 80],
    [1_300, 60],
  ] as const) {
    await new Promise(resolve => setTimeout(resolve, waitMs));
    push(height);
  }
  await new Promise(resolve => setTimeout(resolve, 300));
};

/** Only Chromium's driver clicks as a person does; other clicks are no interactions. */
const click = async ({ chromium }: Browser, page: Page) => {
  for (const type of ['mousePressed', 'mouseReleased'])
    await chromium?.send(page, 'Input.dispatchMouseEvent', { type, x: 350, y: 350, button: 'left', clickCount: 1 });
};

survivalTest('web vitals are what the web-vitals library measures in the same page', async scene => {
  const { collector, engine } = scene;
  collector.extras.set('/web-vitals.js', { contentType: 'text/javascript', body: library });
  collector.extras.set('/witness.js', { contentType: 'text/javascript', body: witness });
  collector.pageHead = '<script type="module" src="/witness.js"></script>';
  const browser = await scene.start();
  const page = await browser.open(pageUrl(collector));
  await settle(page);
  await page.evaluate(behaveBadly);
  await click(browser, page);
  await sleep(500);
  collector.pageHead = '';
  await page.goto(`${collector.origin}/page?bare`);
  const theirs = await page.evaluate(() => JSON.parse(localStorage.vitals) as Vitals);
  assert.deepEqual(Object.keys(theirs).includes('inp'), engine === 'chromium');
  assert.deepEqual(Object.keys(theirs).includes('cls'), engine === 'chromium');

  const isVital = ({ event }: { event: string }) => event === 'browser.web_vital';
  const { length } = Object.keys(theirs);
  const stored = await collector.whenStored(records => records.filter(isVital).length >= length, 30_000);
  const prefix = 'browser.web_vital.';
  const ours = stored.filter(isVital).map(({ attributes }) => {
    const { name, id, delta, ...vital } = Object.fromEntries(
      Object.entries(attributes)
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, value]) => [key.slice(prefix.length), value]),
    );
    assert.match(`${id}`, /^[\da-f-]{36}$/);
    assert.equal(delta, vital.value);
    return [name, vital] as const;
  });
  assert.deepEqual(Object.fromEntries(ours), theirs);
});
