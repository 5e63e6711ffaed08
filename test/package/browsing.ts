/** Sites and a browser for the length of one test. */
import { test } from 'node:test';
import { type Browser, type LaunchOptions, launch, newProfile, removeProfile } from '../support/browser.js';
import { type EngineName, wantedEngines } from '../support/engines.js';
import { type Site, startSite } from './site.js';

export interface Visit {
  engine: EngineName;
  site: Site;
  /** A second origin. */
  elsewhere: Site;
  start(options?: Omit<LaunchOptions, 'profileDir'>): Promise<Browser>;
}

const visit = async (engine: EngineName, run: (visit: Visit) => Promise<void>): Promise<void> => {
  const [site, elsewhere] = await Promise.all([startSite(), startSite()]);
  const profileDir = newProfile();
  let browser: Browser | undefined;
  const start: Visit['start'] = async options => {
    browser = await launch(engine, { profileDir, ...options });
    return browser;
  };
  try {
    await run({ engine, site, elsewhere, start });
  } finally {
    await browser?.kill();
    removeProfile(profileDir);
    await Promise.all([site.close(), elsewhere.close()]);
  }
};

export const browserTest = (
  name: string,
  run: (visit: Visit) => Promise<void>,
  isMeant: (engine: EngineName) => boolean = () => true,
): void => {
  for (const engine of wantedEngines().filter(isMeant)) {
    test(`[${engine}] ${name}`, { timeout: 90_000 }, () => visit(engine, run));
  }
};

export const inChromium = (engine: EngineName): boolean => engine === 'chromium';
