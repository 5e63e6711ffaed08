/** Row 18: the page is left right after the click, or closed, or killed, while a join is open. */
import { strict as assert } from 'node:assert';
import type { SeenRecord } from '../support/answers.js';
import type { Page } from '../support/browser.js';
import type { Collector } from '../support/collector.js';
import { survivalTest } from '../support/survival.js';

const pageUrl = ({ origin }: Collector) =>
  `${origin}/page?pool=pool01.contoso.com&config-src=/web-service-configuration.json`;

const ready = (page: Page) =>
  page.evaluate(async () => {
    await customElements.whenDefined('meeting-join-telemetry');
    const tag = document.querySelector('meeting-join-telemetry') as HTMLElement & {
      ready: Promise<unknown>;
      flush(): Promise<unknown>;
    };
    await tag.ready;
    await tag.flush();
  });

const results = (records: SeenRecord[]) => records.filter(({ event }) => event === 'meeting.join.result');

const summaryOf = ({ attributes }: SeenRecord) =>
  ['meeting.join.method', 'meeting.join.result', 'meeting.join.confidence', 'error.type'].map(name => attributes[name]);

survivalTest('leaving by the link of a web join is the join', async ({ collector, borrow }) => {
  const page = await (await borrow()).open(pageUrl(collector));
  await ready(page);
  await page.evaluate(() => {
    const link = document.createElement('a');
    link.href = '/page?bare';
    link.dataset.meetingJoin = 'web-app';
    document.body.append(link);
    setTimeout(() => link.click(), 200);
  });
  await new Promise(resolve => setTimeout(resolve, 1_500));
  await page.goto(pageUrl(collector));
  const stored = await collector.whenStored(records => results(records).length > 0, 20_000);
  assert.deepEqual(results(stored).map(summaryOf), [['web-app', 'success', 'assumed', undefined]]);
});

survivalTest('leaving otherwise, or being killed, is not', async ({ collector, start }) => {
  const begin = (page: Page, method: string) =>
    page.evaluate(async (word: string) => {
      const tag = document.querySelector('meeting-join-telemetry') as HTMLElement & {
        startJoin(options: object): unknown;
        queued(): Promise<number>;
      };
      tag.startJoin({ method: word });
      await tag.queued();
    }, method);

  let browser = await start();
  let page = await browser.open(pageUrl(collector));
  await ready(page);
  await begin(page, 'left');
  await page.goto(`${collector.origin}/page?bare`);
  await page.goto(pageUrl(collector));
  await ready(page);
  await begin(page, 'killed');
  await browser.kill();

  browser = await start();
  page = await browser.open(pageUrl(collector));
  await ready(page);
  const stored = await collector.whenStored(records => results(records).length > 1, 30_000);
  assert.deepEqual(
    results(stored)
      .map(summaryOf)
      .sort((a, b) => `${a}`.localeCompare(`${b}`)),
    [
      ['killed', 'unknown', undefined, undefined],
      ['left', 'abandoned', undefined, 'page_closed'],
    ],
  );
  assert.equal(stored.filter(({ event }) => event === 'meeting.join.attempt').length, 2);
});
