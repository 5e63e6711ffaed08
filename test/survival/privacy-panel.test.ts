/** The disclosure in real browsers: what it says, what it deletes, and that looking at it leaves no trace. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { MeetingJoinTelemetryElement } from '#src/page/element.js';
import type { Page } from '../support/browser.js';
import { type Collector, poolOff, poolOn } from '../support/collector.js';
import { survivalTest } from '../support/survival.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const open = async (collector: Collector, open: (url: string) => Promise<Page>, attributes: Record<string, string>) => {
  const query = new URLSearchParams({ 'config-src': '/web-service-configuration.json', ...attributes });
  const page = await open(`${collector.origin}/page?${query}`);
  await page.evaluate(async () => {
    document.body.append(document.createElement('meeting-join-telemetry-panel'));
    const panel = document.querySelector('meeting-join-telemetry-panel') as HTMLElement;
    while (!panel.shadowRoot?.querySelector('section')) await new Promise(resolve => setTimeout(resolve, 20));
    await document.querySelector<MeetingJoinTelemetryElement>('meeting-join-telemetry')?.ready;
  });
  return page;
};

/** What the panel says, once it says this. */
const read = (page: Page, awaited: string): Promise<string> =>
  page.evaluate(async (words: string) => {
    const text = () => document.querySelector('meeting-join-telemetry-panel')?.shadowRoot?.textContent ?? '';
    for (let i = 0; i < 300 && !text().includes(words); i++) await new Promise(resolve => setTimeout(resolve, 20));
    return text().replace(/\s+/g, ' ');
  }, awaited);

/** The panel says a lot: a failure shows the end of it only. */
const says = (text: string, pattern: RegExp) =>
  assert.ok(pattern.test(text), `${pattern} is not in …${text.slice(-800)}`);

const databases = (page: Page): Promise<number> => page.evaluate(async () => (await indexedDB.databases()).length);

survivalTest('a closed gate: the panel says so and why, and leaves no trace', async ({ collector, borrow }) => {
  const browser = await borrow();
  const page = await open(collector, browser.open, { pool: poolOff });
  const text = await read(page, 'Nothing is collected');
  says(text, /switched off in the setting “service:WebServer:pool02\.contoso\.com”/);
  says(text, /Census not collected/);
  says(text, /Device id.*Counts devices/);
  assert.equal(await databases(page), 0);
  assert.equal(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length), 0);
  assert.deepEqual(collector.beacons, []);
});

survivalTest(
  'an open gate: the records that wait and those sent, and delete with a receipt',
  async ({ collector, borrow }) => {
    collector.answerAlways(async ({ response }) => void response.writeHead(503, { 'Retry-After': '600' }).end());
    const browser = await borrow();
    const page = await open(collector, browser.open, { pool: poolOn });
    await page.evaluate(() => {
      const element = document.querySelector<MeetingJoinTelemetryElement>('meeting-join-telemetry');
      element?.startJoin({ method: 'native' }).fail({ type: 'server_busy', code: 7, message: 'sip:alice@contoso.com' });
    });
    const text = await read(page, '"stringValue": "unexpected_failure"');
    says(text, /This page reports how joining goes/);
    says(text, /for this server pool/);
    says(text, /How a try ended .*unexpected_failure/);
    says(text, /"eventName": "meeting\.join\.result"/);
    assert.ok(!text.includes('alice'));
    await page.evaluate(() =>
      document.querySelector('meeting-join-telemetry-panel')?.shadowRoot?.querySelector('button')?.click(),
    );
    const receipt = await read(page, 'will be a new one');
    says(receipt, /Records that were waiting: [1-9]/);
    says(receipt, /Nothing is waiting/);
    assert.equal(await databases(page), 0);
  },
);

survivalTest('Italian where the page is Italian', async ({ collector, borrow }) => {
  const browser = await borrow();
  const page = await open(collector, browser.open, { pool: poolOff });
  await page.evaluate(() => document.documentElement.setAttribute('lang', 'it-CH'));
  says(await read(page, 'Non si raccoglie nulla'), /Segnalazione errori non si raccoglie/);
  await page.evaluate(() => document.documentElement.setAttribute('lang', 'pt'));
  says(await read(page, 'Nothing is collected'), /Error reporting not collected/);
});

survivalTest(
  'a strict policy with Trusted Types, and no finding of axe, in light and dark',
  async ({ collector, borrow }) => {
    collector.pageHeaders = {
      'Content-Security-Policy':
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src data:; require-trusted-types-for 'script'",
    };
    const browser = await borrow();
    const page = await open(collector, browser.open, { pool: poolOn });
    await read(page, 'This page reports');
    await page.evaluate(() => {
      const root = document.querySelector('meeting-join-telemetry-panel')?.shadowRoot;
      for (const details of root?.querySelectorAll('details') ?? []) details.open = true;
    });
    // Past the policy, which must not let a test in either.
    await browser.chromium?.send(page, 'Runtime.evaluate', { expression: axe });
    for (const value of ['light', 'dark']) {
      await browser.chromium?.send(page, 'Emulation.setEmulatedMedia', {
        features: [{ name: 'prefers-color-scheme', value }],
      });
      const violations = await page.evaluate(async () => {
        const { axe: checker } = globalThis as unknown as {
          axe: { run(node: Element | null): Promise<{ violations: { id: string; nodes: { target: unknown }[] }[] }> };
        };
        const result = await checker.run(document.querySelector('meeting-join-telemetry-panel'));
        return result.violations.map(({ id, nodes }) => `${id}: ${JSON.stringify(nodes.map(({ target }) => target))}`);
      });
      assert.deepEqual(violations, [], value);
    }
  },
  {
    except: {
      firefox: 'the policy is lifted for the checker by DevTools',
      webkit: 'the policy is lifted for the checker by DevTools',
    },
  },
);
