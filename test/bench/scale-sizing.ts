/** What a visit makes, and what a record takes on disk. */
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCollector } from '../../demo/collector/index.js';
import { seedStore } from '../../demo/ops/seed.js';
import { type Browser, launch, newProfile, removeProfile } from '../support/browser.js';
import { binaryOf } from '../support/engines.js';
import { collectorKey, opsToken, startCollector, stop } from './hops.js';

const weekMs = 7 * 86_400_000;
const seededWeeks = 10;
const joinWithinMs = 15_000;
/** The page's last beacon is under way when it closes; then nothing more comes for so long. */
const quietMs = 3000;

export interface Visit {
  name: string;
  events: number;
  beacons: number;
  bytes: number;
}

const readMetrics = async (port: number): Promise<Omit<Visit, 'name'>> => {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { Authorization: `Bearer ${opsToken}` } });
  const text = await answer.text();
  const read = (name: string): number =>
    Number(new RegExp(`^meeting_join_collector_${name} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  return {
    events: read('records_stored_total'),
    beacons: read('requests_total\\{status="200"\\}'),
    bytes: read('received_bytes_total'),
  };
};

const whenQuiet = async (port: number): Promise<Omit<Visit, 'name'>> => {
  let before = await readMetrics(port);
  for (;;) {
    await sleep(quietMs);
    const now = await readMetrics(port);
    if (now.beacons === before.beacons) return now;
    before = now;
  }
};

/** Opens the launcher, joins in the browser, and closes the tab when the page says how it went. */
const visitOnce = async (browser: Browser, port: number, outcome: string): Promise<void> => {
  const page = await browser.open(`http://127.0.0.1:${port}/launcher/?pool=pool01.contoso.com&outcome=${outcome}`);
  const until = async (isSo: (method: string) => boolean): Promise<void> => {
    const deadline = Date.now() + joinWithinMs;
    while (!(await page.evaluate(isSo, 'web-app'))) {
      if (Date.now() > deadline) throw new Error(`the launcher did not get on: ${outcome}`);
      await sleep(50);
    }
  };
  await until(method => {
    if (document.body.dataset.at !== 'choose') return false;
    document.querySelector<HTMLElement>(`[data-method="${method}"]`)?.click();
    return true;
  });
  await until(() => ['joined', 'error'].includes(document.body.dataset.at ?? ''));
  await sleep(1000);
  await page.close();
};

export class NoBrowserError extends Error {}

/** What the built tag sends in Chromium, gzipped by its worker, as the collector counts it. @throws NoBrowserError */
export const measureVisits = async (folder: string): Promise<Visit[]> => {
  if (binaryOf('chromium') === undefined) throw new NoBrowserError('Chromium is not installed');
  const collector = await startCollector(folder);
  const profileDir = newProfile();
  const browser = await launch('chromium', { profileDir });
  const keepAlive = await browser.open(`http://127.0.0.1:${collector.port}/healthz`);
  const visits: Visit[] = [];
  try {
    let before = await readMetrics(collector.port);
    for (const [name, outcome] of [
      ['first, joined', 'success'],
      ['again, joined', 'success'],
      ['again, could not join', '7'],
    ] as const) {
      await visitOnce(browser, collector.port, outcome);
      const now = await whenQuiet(collector.port);
      visits.push({
        name,
        events: now.events - before.events,
        beacons: now.beacons - before.beacons,
        bytes: now.bytes - before.bytes,
      });
      before = now;
    }
  } finally {
    await keepAlive.close();
    await browser.quit();
    removeProfile(profileDir);
    await stop(collector);
  }
  return visits;
};

const sizeOf = async (folder: string): Promise<number> => {
  const names = (await readdir(folder)).filter(name => name.includes('duckdb'));
  const sizes = await Promise.all(names.map(async name => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
};

export interface DiskSize {
  records: number;
  bytesPerRecord: number;
}

/** Weeks of made-up traffic in our own store, closed. */
export const measureStore = async (folder: string): Promise<DiskSize> => {
  await mkdir(folder, { recursive: true });
  const collector = await createCollector({ dataDir: folder, collectorKey, opsToken });
  let records = 0;
  for (let week = 0; week < seededWeeks; week += 1) {
    records += (await seedStore(collector, collectorKey, Date.now() - week * weekMs)).stored;
  }
  await collector.close();
  return { records, bytesPerRecord: (await sizeOf(folder)) / records };
};
