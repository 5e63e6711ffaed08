/** A Chromium that can be taken offline, throttled and killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CDPSession, Browser as Driver, Page, Target } from 'puppeteer-core';
import { startDriver } from '../support/puppeteer-browser.js';

export interface BenchBrowser {
  driver: Driver;
  /** Resolves when the product is ready. */
  open(origin: string): Promise<Page>;
  kill(): Promise<void>;
}

/** Some products take headless browsers for robots, and send nothing. */
const userAgent =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36';

const switches = [
  `--user-agent=${userAgent}`,
  // Background Sync tries again within seconds instead of minutes, in favor of whoever relies on it.
  '--force-fieldtrials=BackgroundSync/T',
  '--force-fieldtrial-params=BackgroundSync.T:initial_retry_delay_sec/2/retry_delay_factor/2/min_recovery_time_sec/1',
];

interface Measured {
  product?: { ready?: Promise<unknown> };
}

const whenReady = async (page: Page): Promise<void> => {
  await page.waitForFunction(() => 'product' in globalThis, { timeout: 20_000 });
  await page.evaluate(async () => void (await (globalThis as Measured).product?.ready));
};

export const launchChromium = async (profileDir: string): Promise<BenchBrowser> => {
  const { driver, kill } = await startDriver('chromium', { profileDir, switches });
  return {
    driver,
    kill,
    open: async origin => {
      const page = await driver.newPage();
      await page.goto(origin, { waitUntil: 'load' });
      await whenReady(page);
      return page;
    },
  };
};

const conditions = (offline: boolean) => ({ offline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });

const isOfSite = (target: Target): boolean => target.type() === 'page' || target.type() === 'service_worker';

/** Pages and workers see it, as `navigator.onLine` and as failing requests. @returns what brings them back */
export const goOffline = async ({ driver }: BenchBrowser): Promise<() => Promise<void>> => {
  const sessions: CDPSession[] = [];
  for (const target of driver.targets().filter(isOfSite)) {
    const session = await target.createCDPSession();
    await session.send('Network.enable');
    await session.send('Network.emulateNetworkConditions', conditions(true));
    sessions.push(session);
  }
  return async () => {
    // A closed tab or a stopped worker has taken its session along.
    for (const session of sessions) {
      await session.send('Network.emulateNetworkConditions', conditions(false)).catch(() => undefined);
    }
    await sleep(0);
  };
};
