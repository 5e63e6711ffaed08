/** Row 18: the page is left right after the click, or closed, or killed, while a join is open. */
import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SeenRecord } from '../support/answers.js';
import type { Page } from '../support/browser.js';
import type { Collector } from '../support/collector.js';
import { assertNoCopies, eventsOf, flush, queued, settle, type Tag, whenQuiet } from '../support/steps.js';
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

/** Attempts that begin and end within `pagehide`, after the product's own listeners have run; the page says their ids. */
const joinWhileLeaving = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const tag = document.querySelector<Tag>('meeting-join-telemetry');
    const join = (method: string, verb: 'succeed' | 'fail') =>
      addEventListener('pagehide', () => {
        const attempt = tag?.startJoin({ method });
        attempt?.[verb]();
        navigator.sendBeacon(`/left/${method}/${attempt?.id}`);
      });
    join('failed', 'fail');
    join('succeeded', 'succeed');
  });

const saidIds = ({ requests }: Collector): string[] =>
  ['failed', 'succeeded'].flatMap(method => {
    const said = `POST /left/${method}/`;
    return requests.filter(request => request.startsWith(said)).map(request => request.slice(said.length));
  });

const leavings: Record<string, (page: Page) => Promise<void>> = {
  'by a link': async page => {
    await page.evaluate(() => {
      const link = document.createElement('a');
      link.href = '/page?bare';
      document.body.append(link);
      setTimeout(() => link.click(), 200);
    });
    await sleep(1_500);
  },
  'by closing the tab': page => page.close(),
};

for (const [how, leave] of Object.entries(leavings)) {
  survivalTest(`a join within pagehide is kept whole, left ${how}`, async scene => {
    const { collector } = scene;
    const browser = await scene.borrow();
    const page = await browser.open(pageUrl(collector));
    await settle(page);
    await flush(page);
    await joinWhileLeaving(page);
    await leave(page);

    const next = await browser.open(pageUrl(collector));
    await settle(next);
    await flush(next);
    await collector.whenQueueEmpty(() => queued(next));
    await whenQuiet(collector);
    const ids = saidIds(collector);
    assert.equal(ids.length, 2, 'both have begun');
    const stored = [...collector.stored.values()];
    assert.deepEqual(
      ids.map(id => eventsOf(stored, id)),
      [
        ['exception', 'meeting.join.attempt', 'meeting.join.result'],
        ['meeting.join.attempt', 'meeting.join.result'],
      ],
    );
    // The counters of usage say the same, and nothing is counted as lost.
    const sum = (name: string) => stored.reduce((total, { attributes }) => total + Number(attributes[name] ?? 0), 0);
    assert.equal(sum('meeting.join.attempts'), 2);
    assert.equal(sum('meeting.join.successes'), 1);
    assert.deepEqual(
      stored.filter(({ event }) => event === 'telemetry.dropped'),
      [],
    );
    assertNoCopies(collector);
  });
}
