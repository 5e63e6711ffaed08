/** Row 14: the flag is turned off with rows queued, one request in flight and several tabs open. */
import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import { hang, status } from '../support/answers.js';
import type { Page } from '../support/browser.js';
import { configurationOf, poolOff, poolOn } from '../support/collector.js';
import {
  failJoins,
  failJoinsDurably,
  gateOf,
  holdsJoin,
  pageUrl,
  settle,
  type Tag,
  whenQuiet,
} from '../support/steps.js';
import { survivalTest } from '../support/survival.js';

interface Traces {
  databases: number;
  workers: number;
  localKeys: number;
}

/** What the product may leave on a device. */
const tracesIn = (page: Page): Promise<Traces> =>
  page.evaluate(async () => ({
    databases: (await indexedDB.databases()).length,
    workers: (await navigator.serviceWorker.getRegistrations()).length,
    localKeys: localStorage.length,
  }));

const noTraces: Traces = { databases: 0, workers: 0, localKeys: 0 };

const whenClean = async (page: Page): Promise<void> => {
  for (let round = 0; round < 50; round += 1) {
    if (JSON.stringify(await tracesIn(page)) === JSON.stringify(noTraces)) return;
    await sleep(100);
  }
  assert.deepEqual(await tracesIn(page), noTraces);
};

const off = configurationOf({ [poolOn]: false, [poolOff]: false });

survivalTest('14: flag off with rows queued and a request in flight, three tabs', async ({ collector, borrow }) => {
  const browser = await borrow();
  const [first, second] = [await browser.open(pageUrl(collector)), await browser.open(pageUrl(collector))];
  await settle(first);
  await settle(second);
  await whenQuiet(collector);
  collector.answerAlways(hang);
  const ids = await failJoins(first, 5);
  await collector.whenBeacon(holdsJoin(ids[0]));
  await failJoinsDurably(second, 5);

  collector.configuration = off;
  const third = await browser.open(pageUrl(collector));
  assert.equal((await gateOf(third)).state, 'closed');
  await whenClean(third);
  const count = collector.beacons.length;
  collector.answerAsUsual();
  await failJoins(first, 2);
  await failJoins(second, 2);
  await sleep(2_500);
  assert.equal(collector.beacons.length, count, 'nothing on the wire afterwards');
  for (const page of [first, second, third]) {
    assert.equal((await gateNow(page)).state, 'closed');
    assert.deepEqual(await tracesIn(page), noTraces);
  }
});

const gateNow = (page: Page): Promise<{ state: string }> =>
  page.evaluate(() => {
    const { state } = document.querySelector<Tag>('meeting-join-telemetry')?.gate ?? { state: 'none' };
    return { state };
  });

survivalTest('14: flag off while the browser was closed with a full queue', async ({ collector, start }) => {
  const browser = await start();
  const page = await browser.open(pageUrl(collector));
  await settle(page);
  await whenQuiet(collector);
  collector.answerAlways(status(503));
  await failJoinsDurably(page, 10);
  await browser.kill();
  collector.configuration = off;
  collector.answerAsUsual();
  const count = collector.beacons.length;
  const later = await (await start()).open(pageUrl(collector));
  assert.equal((await gateOf(later)).state, 'closed');
  await whenClean(later);
  await sleep(1_500);
  assert.equal(collector.beacons.length, count);
});

survivalTest('14: an unreadable configuration holds the queue, and deletes nothing', async ({ collector, start }) => {
  const browser = await start();
  const page = await browser.open(pageUrl(collector));
  await settle(page);
  await whenQuiet(collector);
  collector.answerAlways(status(503, { 'Retry-After': '1' }));
  const ids = await failJoinsDurably(page, 3);
  await browser.kill();
  const readable = collector.configuration;
  collector.configuration = { status: 200, contentType: 'text/html', body: '<!doctype html><title>Sign in</title>' };
  collector.answerAsUsual();
  const later = await start();
  const closed = await later.open(pageUrl(collector));
  assert.equal((await gateOf(closed)).state, 'closed');
  assert.equal((await tracesIn(closed)).databases, 1);
  collector.configuration = readable;
  const reopened = await later.open(pageUrl(collector));
  await settle(reopened);
  for (const id of ids) await collector.whenStored(stored => stored.some(record => holds(record, id)));
});

const holds = ({ attributes }: { attributes: object }, id: string): boolean => Object.values(attributes).includes(id);
