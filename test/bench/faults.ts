/**
 * `npm run bench:survival`: what becomes of twenty records, by engine, fault and delay, three times over (`-- 1` for
 * once, `-- 1 kill` for the faults named so). Prints tables, and writes the figures beside the others and the tables
 * into the README when no fault was left out.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { loseAnswer, status } from '../support/answers.js';
import { type Browser, launch, newProfile, type Page, removeProfile } from '../support/browser.js';
import { type Beacon, type Collector, startCollector } from '../support/collector.js';
import { runCommand } from '../support/command.js';
import { type EngineName, prepareEngines } from '../support/engines.js';
import { flush, pageUrl, queued, settle, type Tag, whenQuiet } from '../support/steps.js';
import { type FaultCell, faultTable, writeEngineResults } from './engine-results.js';
import { runJobs } from './jobs.js';

const joins = 10;
const recordsPerJoin = 2;
const recorded = joins * recordsPerJoin;
const patienceMs = 45_000;
const cellsAtOnce = 4;

interface Scene {
  collector: Collector;
  page: Page;
  record(): Promise<void>;
  kill(): Promise<void>;
  /** The next visit; in a new browser when the last one was killed. */
  revisit(): Promise<void>;
}

/** Resolves when whatever was wrong no longer is. */
type Fault = (scene: Scene) => Promise<void>;

const killed =
  (delayMs: number, isOffline: boolean): Fault =>
  async ({ collector, record, kill, revisit }) => {
    if (isOffline) await collector.refuse();
    await record();
    if (delayMs > 0) await sleep(delayMs);
    await kill();
    if (isOffline) await collector.comeBack();
    await revisit();
  };

const faults: Record<string, Fault> = {
  none: ({ record }) => record(),
  'tab closed at once': async ({ record, page, revisit }) => {
    await record();
    await page.close();
    await revisit();
  },
  'offline for 5 s, tab open': async ({ collector, record }) => {
    await collector.refuse();
    await record();
    await sleep(5_000);
    await collector.comeBack();
  },
  'offline, tab closed': async ({ collector, record, page, revisit }) => {
    await collector.refuse();
    await record();
    await sleep(500);
    await page.close();
    await collector.comeBack();
    await revisit();
  },
  '503 for 10 s': async ({ collector, record }) => {
    collector.answerAlways(status(503));
    await record();
    await sleep(10_000);
    collector.answerAsUsual();
  },
  'answer lost': async ({ collector, record }) => {
    collector.answerNext(loseAnswer, loseAnswer);
    await record();
  },
  'kill -9 online, 0 ms': killed(0, false),
  'kill -9 online, 20 ms': killed(20, false),
  'kill -9 online, 100 ms': killed(100, false),
  'kill -9 online, 1 s': killed(1_000, false),
  'kill -9 offline, 0 ms': killed(0, true),
  'kill -9 offline, 20 ms': killed(20, true),
  'kill -9 offline, 100 ms': killed(100, true),
  'kill -9 offline, 1 s': killed(1_000, true),
};

const recordJoins = (howMany: number): string[] => {
  const tag = document.querySelector<Tag>('meeting-join-telemetry');
  return Array.from({ length: howMany }, () => {
    const attempt = tag?.startJoin({ method: 'native' });
    attempt?.succeed();
    return attempt?.id ?? '';
  });
};

const isOfJoins =
  (ids: Set<unknown>) =>
  ({ attributes }: { attributes: Record<string, unknown> }): boolean =>
    ids.has(attributes['meeting.join.id']);

const acknowledgedAt = (beacons: Beacon[], uid: string): number =>
  beacons.find(beacon => beacon.status === 200 && beacon.records.some(record => record.uid === uid))?.answeredAt ??
  Number.NaN;

const measure = (
  engine: EngineName,
  fault: string,
  collector: Collector,
  ids: Set<unknown>,
  endedAt: number,
): FaultCell => {
  const ours = [...collector.stored.values()].filter(isOfJoins(ids));
  const keys = ours.map(({ event, attributes }) => `${event} ${attributes['meeting.join.id']}`);
  const copies = collector.copies();
  const beacons = collector.beacons.filter(({ records }) => records.some(isOfJoins(ids)));
  return {
    engine,
    fault,
    recorded,
    delivered: new Set(keys).size,
    wireCopies: ours.reduce((sum, { uid }) => sum + (copies.get(uid) ?? 1) - 1, 0),
    storedTwice: keys.length - new Set(keys).size,
    delaysMs: ours
      .map(({ uid }) => Math.max(0, acknowledgedAt(collector.beacons, uid) - endedAt))
      .filter(delayMs => !Number.isNaN(delayMs)),
    requests: beacons.length,
    wireBytes: beacons.reduce((sum, { wireBytes }) => sum + wireBytes, 0),
    wireRecords: beacons.reduce((sum, { records }) => sum + records.length, 0),
  };
};

/** Whether all has come that can: every record, or what the next visit found on the device. */
const isOver = async (collector: Collector, ids: Set<unknown>, page: Page): Promise<boolean> => {
  const stored = [...collector.stored.values()].filter(isOfJoins(ids)).length;
  return stored >= recorded || (await queued(page)) === 0;
};

const runCell = async ({ engine, name, fault }: Job): Promise<FaultCell> => {
  const collector = await startCollector();
  const profileDir = newProfile();
  let browser: Browser | undefined = await launch(engine, { profileDir });
  try {
    let page = await browser.open(pageUrl(collector));
    await settle(page);
    await flush(page);
    await whenQuiet(collector);
    const ids = new Set<unknown>();
    await fault({
      collector,
      page,
      record: async () => {
        for (const id of await page.evaluate(recordJoins, joins)) ids.add(id);
      },
      kill: async () => {
        await browser?.kill();
        browser = undefined;
      },
      revisit: async () => {
        browser ??= await launch(engine, { profileDir });
        page = await browser.open(pageUrl(collector));
      },
    });
    const endedAt = Date.now();
    await settle(page);
    while (!(await isOver(collector, ids, page)) && Date.now() - endedAt < patienceMs) await sleep(25);
    await whenQuiet(collector);
    return measure(engine, name, collector, ids, endedAt);
  } finally {
    await browser?.kill();
    removeProfile(profileDir);
    await collector.close();
  }
};

interface Job {
  engine: EngineName;
  name: string;
  fault: Fault;
}

const nameOf = ({ engine, name }: Job): string => `${engine} · ${name}`;

const main = async (rounds: number, words: string[]): Promise<boolean> => {
  const isWanted = (name: string): boolean => words.length === 0 || words.some(word => name.includes(word));
  const chosen = Object.entries(faults).filter(([name]) => isWanted(name));
  const { present: engines } = prepareEngines();
  // The engines take turns, so that no moment is all one's.
  const jobs = chosen.flatMap(([name, fault]) => engines.map(engine => ({ engine, name, fault })));
  const order = (cell: FaultCell): number => jobs.findIndex(job => nameOf(job) === `${cell.engine} · ${cell.fault}`);
  const { results, failures } = await runJobs(
    Array(rounds).fill(jobs).flat(),
    cellsAtOnce,
    nameOf,
    async (job: Job) => {
      const cell = await runCell(job);
      console.log(`${nameOf(job)}: ${cell.delivered} of ${recorded}, ${cell.wireCopies} copies`);
      return cell;
    },
  );
  const cells = results.sort((left, right) => order(left) - order(right));
  const isWhole = words.length === 0 && cells.length > 0;
  console.log(`\n${isWhole ? writeEngineResults('faults', cells) : faultTable(cells)}`);
  for (const failure of failures) console.log(`failed: ${failure}`);
  return failures.length === 0;
};

const [rounds = '3', ...words] = process.argv.slice(2);
runCommand(() => main(Number(rounds), words), 30 * 60_000);
