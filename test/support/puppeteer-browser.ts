/** Chromium over the DevTools protocol, Firefox over WebDriver BiDi: puppeteer-core speaks both. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import puppeteer, { type CDPSession, type Browser as Driver, type Page as DriverPage } from 'puppeteer-core';
import type { Browser, ChromiumControls, LaunchOptions, Page } from './browser.js';
import { blockingExtension } from './content-blocker.js';
import { binaryOf } from './engines.js';
import { copyTemplate } from './firefox-template.js';
import { awaitExit, cpuSecondsOf, killTree, newMark, stopTree } from './processes.js';

/** What a headless Chromium needs as root, and what keeps it from talking to anybody but us. */
const chromiumSwitches = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  '--disable-breakpad',
  '--disable-features=Translate,MediaRouter,OptimizationHints',
];

const firefoxPreferences = {
  'browser.tabs.remote.separatePrivilegedContentProcess': false,
  'browser.sessionstore.resume_from_crash': false,
  'browser.sessionstore.max_resumed_crashes': -1,
  'toolkit.startup.max_resumed_crashes': -1,
  'dom.disable_open_during_load': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  // Puppeteer turns it off.
  'fission.bfcacheInParent': true,
};

const hardReload = {
  chromium: async (page: DriverPage): Promise<void> => {
    const session = await page.createCDPSession();
    const loaded = page.waitForNavigation({ waitUntil: 'load' });
    await session.send('Page.reload', { ignoreCache: true });
    await loaded;
    await session.detach();
  },
  /** BiDi's reload knows no `ignoreCache` there, but its `location.reload` has always taken `forceGet`. */
  firefox: async (page: DriverPage): Promise<void> => {
    const loaded = page.waitForNavigation({ waitUntil: 'load' });
    await page.evaluate(() => {
      (location.reload as (forceGet: boolean) => void)(true);
    });
    await loaded;
  },
};

const toPage = (page: DriverPage, engine: 'chromium' | 'firefox'): Page => ({
  evaluate: (run, ...parameters) => page.evaluate(run, ...parameters) as Promise<never>,
  goto: async url => {
    await page.goto(url, { waitUntil: 'load' });
  },
  reload: async () => {
    await page.reload({ waitUntil: 'load' });
  },
  hardReload: () => hardReload[engine](page),
  close: () => page.close(),
});

/** A DevTools session in which the service workers of the whole browser can be seen and stopped. */
const workerSession = async (driver: Driver): Promise<CDPSession> => {
  const [page] = await driver.pages();
  if (!page) throw new Error('No page is open');
  const session = await page.createCDPSession();
  await session.send('ServiceWorker.enable');
  return session;
};

type Registration = { registrationId: string; scopeURL: string };

const registrationOf = async (session: CDPSession, origin: string): Promise<Registration> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`No service worker of ${origin}`)), 5_000);
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const found = registrations.find(({ scopeURL, isDeleted }) => scopeURL.startsWith(origin) && !isDeleted);
      if (!found) return;
      clearTimeout(timer);
      resolve(found);
    });
    session.send('ServiceWorker.enable').catch(reject);
  });

const chromiumControls = (driver: Driver, driverPageOf: (page: Page) => DriverPage): ChromiumControls => ({
  stopAllWorkers: async () => {
    const session = await workerSession(driver);
    await session.send('ServiceWorker.stopAllWorkers');
    await session.detach();
  },
  dispatchSync: async (origin, tag, { lastChance } = { lastChance: false }) => {
    const [page] = await driver.pages();
    if (!page) throw new Error('No page is open');
    const session = await page.createCDPSession();
    const { registrationId } = await registrationOf(session, origin);
    await session.send('ServiceWorker.dispatchSyncEvent', { origin, registrationId, tag, lastChance });
    await session.detach();
  },
  overrideQuota: async (origin, quotaBytes) => {
    const [page] = await driver.pages();
    if (!page) throw new Error('No page is open');
    const session = await page.createCDPSession();
    const quota = quotaBytes === undefined ? {} : { quotaSize: quotaBytes };
    await session.send('Storage.overrideQuotaForOrigin', { origin, ...quota });
    // The override lives as long as the session: it is left attached.
  },
  send: async (page, method, parameters) => {
    const session = await driverPageOf(page).createCDPSession();
    return session.send(method as 'Page.enable', parameters as never);
  },
});

export interface Driven extends Pick<Browser, 'kill' | 'quit' | 'sleep' | 'cpuSeconds'> {
  driver: Driver;
}

/** The browser as puppeteer has it. */
export const startDriver = async (engine: 'chromium' | 'firefox', options: LaunchOptions): Promise<Driven> => {
  const executablePath = binaryOf(engine);
  if (executablePath === undefined) throw new Error(`${engine} is not installed`);
  const mark = newMark();
  if (engine === 'firefox') copyTemplate(options.profileDir);
  const temporary = join(options.profileDir, 'tmp');
  mkdirSync(temporary, { recursive: true });
  const driver = await puppeteer.launch({
    browser: engine === 'firefox' ? 'firefox' : 'chrome',
    executablePath,
    userDataDir: options.profileDir,
    env: { ...mark.env, TMPDIR: temporary, MOZ_CRASHREPORTER_DISABLE: '1' },
    headless: true,
    timeout: 60_000,
    protocolTimeout: 60_000,
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    acceptInsecureCerts: true,
    defaultViewport: null,
    // Puppeteer turns the back/forward cache off; people have it.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
    args: [...(engine === 'chromium' ? chromiumSwitches : []), ...(options.switches ?? [])],
    extraPrefsFirefox: { ...firefoxPreferences, ...options.preferences },
    // Chromium takes extensions over a pipe only.
    ...(options.blockedPath && engine === 'chromium' && { enableExtensions: true, pipe: true }),
  });
  if (options.blockedPath) await driver.installExtension(blockingExtension(options.profileDir, options.blockedPath));
  const leader = driver.process()?.pid;
  return {
    driver,
    kill: () => killTree(leader, mark.value),
    sleep: forMs => stopTree(mark.value, forMs),
    cpuSeconds: () => cpuSecondsOf(mark.value),
    quit: async () => {
      await Promise.race([driver.close(), sleep(10_000, undefined, { ref: false })]).catch(() => undefined);
      await awaitExit(leader, mark.value, 5_000);
    },
  };
};

export const launchPuppeteer = async (engine: 'chromium' | 'firefox', options: LaunchOptions): Promise<Browser> => {
  const { driver, ...process } = await startDriver(engine, options);
  const driverPages = new WeakMap<Page, DriverPage>();
  const driverPageOf = (page: Page): DriverPage => {
    const found = driverPages.get(page);
    if (!found) throw new Error('This page belongs to another browser');
    return found;
  };
  return {
    engine,
    open: async url => {
      const driverPage = await driver.newPage();
      const page = toPage(driverPage, engine);
      driverPages.set(page, driverPage);
      await page.goto(url);
      return page;
    },
    ...process,
    ...(engine === 'chromium' && { chromium: chromiumControls(driver, driverPageOf) }),
  };
};
