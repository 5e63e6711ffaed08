/** A Chromium that can be taken offline, throttled and killed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import puppeteer, { type Browser, type CDPSession, type Page, type Target } from 'puppeteer-core';
import { binaryOf } from '../support/engines.js';
import { killTree, newMark } from '../support/processes.js';

export interface BenchBrowser {
  driver: Browser;
  /** Resolves when the product is ready. */
  open(origin: string): Promise<Page>;
  kill(): Promise<void>;
}

/** Some products take headless browsers for robots, and send nothing. */
const userAgent =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36';

const switches = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  '--disable-breakpad',
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

export const newProfile = (): string => mkdtempSync(join(tmpdir(), 'mjt-bench-'));

export const removeProfile = (profile: string): void =>
  rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });

export const launchChromium = async (profile: string): Promise<BenchBrowser> => {
  const executablePath = binaryOf('chromium');
  if (executablePath === undefined) throw new Error('chromium is not installed: apt-get install chromium');
  const mark = newMark();
  const driver = await puppeteer.launch({
    executablePath,
    userDataDir: profile,
    env: mark.env,
    headless: true,
    protocolTimeout: 60_000,
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    args: switches,
  });
  return {
    driver,
    open: async origin => {
      const page = await driver.newPage();
      await page.goto(origin, { waitUntil: 'load' });
      await whenReady(page);
      return page;
    },
    kill: () => killTree(driver.process()?.pid, mark.value),
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
