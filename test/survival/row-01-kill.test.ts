/** Row 1: kill -9 of the browser 0 / 20 / 100 / 1000 ms after the event, online and offline. */
import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from '../support/browser.js';
import type { Collector } from '../support/collector.js';
import { assertDeliveredOnce, assertStoredOnce, eventsOf, failJoins, pageUrl, settle } from '../support/steps.js';
import { survivalTest } from '../support/survival.js';

const delaysMs = [0, 20, 100, 1000];

/** A visit later than any kill, by whose end everything that was durable has been delivered. */
const assertKept = async (collector: Collector, page: Page, killed: Map<number, string>): Promise<void> => {
  const later = [...killed].filter(([delayMs]) => delayMs >= 20).map(([, id]) => id);
  await assertDeliveredOnce(collector, [...later, ...(await failJoins(page, 1))]);
  // At the very instant the transaction may not have ended: whole or not at all, and never twice.
  const atOnce = killed.get(0) ?? '';
  assertStoredOnce(collector, [atOnce]);
  const kept = eventsOf(collector.stored.values(), atOnce);
  assert.ok([0, 3].includes(kept.length), `one transaction, but only ${kept} was kept`);
};

for (const network of ['online', 'offline'] as const) {
  survivalTest(`1: kill -9 after ${delaysMs.join(' / ')} ms, ${network}`, async ({ collector, start }) => {
    const killed = new Map<number, string>();
    let browser = await start();
    for (const delayMs of delaysMs) {
      const page = await browser.open(pageUrl(collector));
      await settle(page);
      if (network === 'offline') await collector.refuse();
      const [id = ''] = await failJoins(page, 1);
      if (delayMs > 0) await sleep(delayMs);
      await browser.kill();
      killed.set(delayMs, id);
      if (network === 'offline') await collector.comeBack();
      browser = await start();
    }
    const page = await browser.open(pageUrl(collector));
    await settle(page);
    await assertKept(collector, page, killed);
  });
}
