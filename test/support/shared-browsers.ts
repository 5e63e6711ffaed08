/**
 * Starting a browser costs more than most faults. Those that do not end it share one per engine, in turn: each case has
 * a collector on a port of its own, hence an origin, storage, a worker and locks of its own.
 */
import { after } from 'node:test';
import { type Browser, launch, newProfile, type Page, removeProfile } from './browser.js';
import type { EngineName } from './engines.js';

/** Whoever borrows it may open tabs, and may not end it. */
export type SharedBrowser = Omit<Browser, 'kill' | 'quit' | 'sleep'>;

export interface Loan {
  browser: SharedBrowser;
  /** Closes the tabs that were opened. */
  giveBack(): Promise<void>;
}

interface Shared {
  browser: Browser;
  profileDir: string;
}

const shared = new Map<EngineName, Promise<Shared>>();

const start = async (engine: EngineName): Promise<Shared> => {
  const profileDir = newProfile();
  return { browser: await launch(engine, { profileDir }), profileDir };
};

export const borrowBrowser = async (engine: EngineName): Promise<Loan> => {
  const starting = shared.get(engine) ?? start(engine);
  shared.set(engine, starting);
  const { browser } = await starting;
  const pages: Page[] = [];
  return {
    browser: {
      ...browser,
      open: async url => {
        const page = await browser.open(url);
        pages.push(page);
        return page;
      },
    },
    giveBack: async () => {
      await Promise.all(pages.map(page => page.close().catch(() => undefined)));
    },
  };
};

/** A browser in which something failed is lent to nobody else. */
export const discardBrowser = async (engine: EngineName): Promise<void> => {
  const started = await shared.get(engine)?.catch(() => undefined);
  shared.delete(engine);
  if (!started) return;
  await started.browser.kill();
  removeProfile(started.profileDir);
};

after(async () => {
  for (const engine of shared.keys()) await discardBrowser(engine);
});
