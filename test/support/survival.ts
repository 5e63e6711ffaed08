/** One case, in every engine that can show it. */
import { test } from 'node:test';
import { type Browser, type LaunchOptions, launch, newProfile, removeProfile } from './browser.js';
import { type Collector, startCollector } from './collector.js';
import { type EngineName, wantedEngines } from './engines.js';
import { borrowBrowser, discardBrowser, type Loan, type SharedBrowser } from './shared-browsers.js';

export interface Scene {
  engine: EngineName;
  collector: Collector;
  profileDir: string;
  /** A browser on the scene's profile; killed when the case ends, if it still runs. */
  start(options?: Omit<LaunchOptions, 'profileDir'>): Promise<Browser>;
  /** The browser that the file's cases take turns at, for faults that do not end it. */
  borrow(): Promise<SharedBrowser>;
}

export interface CaseOptions {
  /** Engines in which the fault cannot be had, each with the reason. */
  except?: Partial<Record<EngineName, string>>;
  timeoutMs?: number;
}

const play = async (engine: EngineName, run: (scene: Scene) => Promise<void>): Promise<void> => {
  const collector = await startCollector();
  const profileDir = newProfile();
  const started: Browser[] = [];
  const loans: Loan[] = [];
  try {
    await run({
      engine,
      collector,
      profileDir,
      start: async options => {
        const browser = await launch(engine, { profileDir, ...options });
        started.push(browser);
        return browser;
      },
      borrow: async () => {
        const loan = await borrowBrowser(engine);
        loans.push(loan);
        return loan.browser;
      },
    });
  } catch (error) {
    if (loans.length > 0) await discardBrowser(engine);
    throw error;
  } finally {
    for (const browser of started) await browser.kill();
    for (const loan of loans) await loan.giveBack();
    removeProfile(profileDir);
    await collector.close();
  }
};

/** A second chance, said aloud: two browsers on two cores miss a deadline now and then. A defect fails twice. */
const playTwice = async (name: string, engine: EngineName, run: (scene: Scene) => Promise<void>): Promise<void> => {
  try {
    await play(engine, run);
  } catch (error) {
    console.log(`once more: [${engine}] ${name}, which failed with ${error}`);
    await play(engine, run);
  }
};

export const survivalTest = (name: string, run: (scene: Scene) => Promise<void>, options: CaseOptions = {}): void => {
  for (const engine of wantedEngines()) {
    const reason = options.except?.[engine];
    const skip = reason === undefined ? false : reason;
    test(`[${engine}] ${name}`, { skip, timeout: 2 * (options.timeoutMs ?? 120_000) }, () =>
      playTwice(name, engine, run),
    );
  }
};
