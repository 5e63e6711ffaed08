/** The main job, end to end, on the real harness: a join that fails offline shows on the console, once. */
import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from '../support/browser.js';
import { poolOff, poolOn } from '../support/collector.js';
import { type Harness, startHarness } from '../support/harness.js';
import { failJoinsDurably, gateOf, settle } from '../support/steps.js';
import { type Scene, survivalTest } from '../support/survival.js';

interface Summary {
  attempts: number;
  success: number;
  expected_failure: number;
  unexpected_failure: number;
  abandoned: number;
  unknown: number;
}

const summaryOf = (harness: Harness): Promise<Summary> => harness.get(`/api/summary?pool=${poolOn}`);

const whenSummarized = async (harness: Harness, isEnough: (summary: Summary) => boolean): Promise<Summary> => {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const summary = await summaryOf(harness);
    if (isEnough(summary) || Date.now() > deadline) return summary;
    await sleep(100);
  }
};

const launcherOf = (harness: Harness, pool: string): string => `${harness.origin}/launcher/?pool=${pool}`;

const withHarness =
  (run: (scene: Scene, harness: Harness) => Promise<void>) =>
  async (scene: Scene): Promise<void> => {
    const harness = await startHarness(join(scene.profileDir, 'collector-data'));
    try {
      await run(scene, harness);
    } finally {
      await harness.kill();
    }
  };

const ends: Record<string, (browser: Browser, page: Page) => Promise<boolean>> = {
  'the tab is closed': async (_, page) => {
    await page.close();
    return true;
  },
  'the browser is killed with -9': async browser => {
    await browser.kill();
    return false;
  },
};

for (const [what, end] of Object.entries(ends)) {
  survivalTest(
    `a join fails while the collector is down, ${what}: one attempt and one result on the console`,
    withHarness(async ({ start }, harness) => {
      const browser = await start();
      const page = await browser.open(launcherOf(harness, poolOn));
      await settle(page);
      await harness.kill();
      await failJoinsDurably(page, 1);
      const goesOn = await end(browser, page);
      await harness.start();
      const next = goesOn ? browser : await start();
      await next.open(launcherOf(harness, poolOn));
      await whenSummarized(harness, ({ unexpected_failure }) => unexpected_failure >= 1);
      await sleep(1_000);
      const { attempts, unexpected_failure, success, unknown } = await summaryOf(harness);
      assert.deepEqual(
        { attempts, unexpected_failure, success, unknown },
        { attempts: 1, unexpected_failure: 1, success: 0, unknown: 0 },
      );
    }),
  );
}

survivalTest(
  'the collector is killed with -9 after acknowledging: nothing acknowledged is missing',
  withHarness(async ({ borrow }, harness) => {
    const page = await (await borrow()).open(launcherOf(harness, poolOn));
    await settle(page);
    await failJoinsDurably(page, 5);
    await page.evaluate(async () => {
      const tag = document.querySelector('meeting-join-telemetry') as
        | (HTMLElement & { queued(): Promise<number> })
        | null;
      for (let round = 0; round < 100 && (await tag?.queued()) !== 0; round += 1) {
        await new Promise(resolve => setTimeout(resolve, 100));
      }
    });
    await harness.kill();
    await harness.start();
    const { attempts, unexpected_failure } = await summaryOf(harness);
    assert.deepEqual({ attempts, unexpected_failure }, { attempts: 5, unexpected_failure: 5 });
  }),
);

survivalTest(
  'the pool that is off: no storage, no worker, nothing sent',
  withHarness(async ({ borrow }, harness) => {
    const page = await (await borrow()).open(launcherOf(harness, poolOff));
    const gate = await gateOf(page);
    assert.equal(gate.state, 'closed');
    assert.match(gate.reason, /MeetingUxEnableTelemetry is false/);
    await sleep(500);
    const traces = await page.evaluate(async () => ({
      databases: (await indexedDB.databases()).length,
      workers: (await navigator.serviceWorker.getRegistrations()).length,
      configurations: performance
        .getEntriesByType('resource')
        .filter(({ name }) => name.includes('web-service-configuration')).length,
      beacons: performance.getEntriesByType('resource').filter(({ name }) => name.includes('/v1/logs')).length,
    }));
    assert.deepEqual(traces, { databases: 0, workers: 0, configurations: 1, beacons: 0 });
  }),
);
