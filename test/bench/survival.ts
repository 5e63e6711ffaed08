/** What becomes of twenty events when something goes wrong. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'puppeteer-core';
import { newProfile, removeProfile } from '../support/browser.js';
import { type BenchBrowser, goOffline, launchChromium } from './browser.js';
import type { Product } from './products.js';
import { type BenchServer, startBenchServer } from './server.js';

export const eventsPerCell = 20;

/** A page is open this long before anything happens. */
const warmUpMs = 3_500;
/** Between the last event and the return of the network, or the closing of the tab. */
const offlineMs = 4_000;
const killMs = 1_000;
const unavailableMs = 10_000;
const lossMs = 5_000;
/** After a lost answer, copies may still come. */
const copiesMs = 15_000;

interface Scene {
  server: BenchServer;
  browser: BenchBrowser;
  page: Page;
  record(): Promise<void>;
  /** The next visit, in a new browser when the last one has been killed. */
  revisit(): Promise<void>;
  kill(): Promise<void>;
}

const offlineUntil = async ({ server, browser }: Scene, act: () => Promise<void>): Promise<void> => {
  const comeOnline = await goOffline(browser);
  await server.refuse();
  await act();
  await server.comeBack();
  await comeOnline();
};

export const faults = {
  /** The control: whoever delivers less here is set up wrongly. */
  none: async ({ record }) => {
    await record();
  },
  'tab closed': async ({ record, page, revisit }) => {
    await record();
    await page.close();
    await sleep(1_000);
    await revisit();
  },
  'offline, tab open': async scene => {
    await offlineUntil(scene, async () => {
      await scene.record();
      await sleep(offlineMs);
    });
  },
  'offline, tab closed': async scene => {
    await offlineUntil(scene, async () => {
      await scene.record();
      await sleep(offlineMs);
      await scene.page.close();
    });
    await scene.revisit();
  },
  'kill -9 online': async ({ record, kill, revisit }) => {
    await record();
    await sleep(killMs);
    await kill();
    await revisit();
  },
  'kill -9 offline': async scene => {
    await offlineUntil(scene, async () => {
      await scene.record();
      await sleep(killMs);
      await scene.kill();
    });
    await scene.revisit();
  },
  '503 for 10 s': async ({ server, record }) => {
    server.mood = 'unavailable';
    await record();
    await sleep(unavailableMs);
    server.mood = 'accepting';
  },
  'answer lost': async ({ server, record }) => {
    server.mood = 'losing answers';
    await record();
    await sleep(lossMs);
    server.mood = 'accepting';
    await sleep(copiesMs);
  },
} satisfies Record<string, (scene: Scene) => Promise<void>>;

export type Fault = keyof typeof faults;

export interface Cell {
  product: string;
  fault: Fault;
  delivered: number;
  /** Copies beyond the first that the server saw. */
  duplicates: number;
  /** From the end of the fault to the last event, ms; absent when not all came. */
  recoveryMs?: number;
}

interface Recording {
  product: { record(id: string): unknown };
}

const recordEvents = (page: Page, cell: string): Promise<void> =>
  page.evaluate(
    (prefix, count) => {
      const { product } = globalThis as unknown as Recording;
      for (let number = 0; number < count; number += 1) product.record(`evt-${prefix}-${number}`);
    },
    cell,
    eventsPerCell,
  );

const waitForAll = async (server: BenchServer, patienceMs: number): Promise<number | undefined> => {
  const since = Date.now();
  while (Date.now() - since < patienceMs) {
    if (server.copies.size >= eventsPerCell) return Date.now() - since;
    await sleep(50);
  }
  return undefined;
};

export const runCell = async (product: Product, fault: Fault, patienceMs: number): Promise<Cell> => {
  const server = await startBenchServer(product);
  const profile = newProfile();
  let browser = await launchChromium(profile);
  let isKilled = false;
  try {
    const page = await browser.open(server.origin);
    await sleep(warmUpMs);
    await faults[fault]({
      server,
      browser,
      page,
      record: () => recordEvents(page, 'cell'),
      revisit: async () => {
        if (isKilled) browser = await launchChromium(profile);
        await browser.open(server.origin);
      },
      kill: async () => {
        isKilled = true;
        await browser.kill();
      },
    });
    const recoveryMs = await waitForAll(server, patienceMs);
    const copies = [...server.copies.values()];
    return {
      product: product.name,
      fault,
      delivered: copies.length,
      duplicates: copies.reduce((sum, count) => sum + count - 1, 0),
      ...(recoveryMs !== undefined && { recoveryMs }),
    };
  } finally {
    await browser.kill();
    removeProfile(profile);
    await server.refuse();
  }
};
