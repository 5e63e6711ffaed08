/** What a product costs a page: bytes, requests, script and task time on a slow processor, heap, and each event. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CDPSession, Page } from 'puppeteer-core';
import { newProfile, removeProfile } from '../support/browser.js';
import { type BenchBrowser, launchChromium } from './browser.js';
import type { Product } from './products.js';
import { type BenchServer, brotliBytesOf, startBenchServer } from './server.js';

/** One visit with one join. */
export interface Visit {
  /** Of the page's scripts; a worker's come on their own. */
  scriptBytes: number;
  workerBytes: number;
  requests: number;
  scriptMs: number;
  taskMs: number;
  heapKib: number;
  eventP50Us: number;
  eventP95Us: number;
}

const throttle = 4;
/** Long enough for load, start and one join to come to rest. */
const settleMs = 2_000;
const eventsTimed = 300;

interface Recording {
  product: { record(id: string): unknown };
}

const metricsOf = async (session: CDPSession): Promise<Record<string, number>> => {
  const { metrics } = await session.send('Performance.getMetrics');
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
};

const timeEvents = (page: Page): Promise<number[]> =>
  page.evaluate(async count => {
    const { product } = globalThis as unknown as Recording;
    const times: number[] = [];
    for (let number = 0; number < count; number += 1) {
      const before = performance.now();
      product.record(`evt-cost-${number}`);
      times.push(performance.now() - before);
      // Each stands alone, as events do.
      if (number % 10 === 9) await new Promise(done => setTimeout(done));
    }
    return times;
  }, eventsTimed);

const quantile = (sorted: number[], share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;

const isWorker = (path: string): boolean => /worker\.js$|-sw\.js$/.test(path);

const scriptsOf = ({ requests }: BenchServer): string[] => [
  ...new Set(requests.filter(request => request.endsWith('.js')).map(request => request.replace('GET ', ''))),
];

const measure = async (page: Page, product: Product, server: BenchServer): Promise<Visit> => {
  const session = await page.createCDPSession();
  // Of the thread's own clock: what else the machine does is not counted.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  await session.send('Emulation.setCPUThrottlingRate', { rate: throttle });
  await page.goto(server.origin, { waitUntil: 'load' });
  await page.waitForFunction(() => 'product' in globalThis);
  await page.evaluate(() => void (globalThis as unknown as Recording).product.record('evt-cost-0'));
  await sleep(settleMs);
  const cost = await metricsOf(session);
  const requests = server.requests.length;
  const scripts = scriptsOf(server);
  await session.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  await session.send('HeapProfiler.collectGarbage');
  const { JSHeapUsedSize: heap = 0 } = await metricsOf(session);
  const times = (await timeEvents(page)).sort((left, right) => left - right);
  return {
    scriptBytes: brotliBytesOf(
      product,
      scripts.filter(path => !isWorker(path)),
    ),
    workerBytes: brotliBytesOf(product, scripts.filter(isWorker)),
    requests,
    scriptMs: (cost.ScriptDuration ?? 0) * 1_000,
    taskMs: (cost.TaskDuration ?? 0) * 1_000,
    heapKib: heap / 1_024,
    eventP50Us: quantile(times, 0.5) * 1_000,
    eventP95Us: quantile(times, 0.95) * 1_000,
  };
};

const visit = async (browser: BenchBrowser, product: Product): Promise<Visit> => {
  const server = await startBenchServer(product);
  const context = await browser.driver.createBrowserContext();
  try {
    return await measure(await context.newPage(), product, server);
  } finally {
    await context.close();
    await server.refuse();
  }
};

const medianOf = (values: number[]): number => {
  const sorted = [...values].sort((left, right) => left - right);
  return quantile(sorted, 0.5);
};

const summarize = (visits: Visit[]): Visit => {
  const names = Object.keys(visits[0] ?? {}) as (keyof Visit)[];
  return Object.fromEntries(names.map(name => [name, medianOf(visits.map(one => one[name]))])) as unknown as Visit;
};

/** Interleaved, so that whatever else the machine does befalls all alike. @returns medians, by product */
export const runCost = async (products: Product[], rounds: number): Promise<Record<string, Visit>> => {
  const profile = newProfile();
  const browser = await launchChromium(profile);
  const visits = new Map<string, Visit[]>();
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const product of products) {
        const list = visits.get(product.name) ?? [];
        list.push(await visit(browser, product));
        visits.set(product.name, list);
      }
      console.log(`cost: round ${round + 1} of ${rounds}`);
    }
  } finally {
    await browser.kill();
    removeProfile(profile);
  }
  return Object.fromEntries([...visits].map(([name, list]) => [name, summarize(list)]));
};
