/**
 * `npm run bench:survival`: what becomes of twenty records, by engine, fault and delay. Prints a table, writes the
 * figures beside the others and the table into the README.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { table, writePart } from '../package/readme.js';
import { loseAnswer, status } from '../support/answers.js';
import { type Browser, launch, newProfile, type Page, removeProfile } from '../support/browser.js';
import { type Beacon, type Collector, startCollector } from '../support/collector.js';
import { type EngineName, prepareEngines } from '../support/engines.js';
import { flush, pageUrl, settle, type Tag, whenQuiet } from '../support/steps.js';

const joins = 10;
const recordsPerJoin = 2;
const expected = joins * recordsPerJoin;
const patienceMs = 45_000;

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

interface Cell {
  engine: EngineName;
  fault: string;
  delivered: number;
  /** Copies beyond the first: on the wire, and at the collector. */
  wireCopies: number;
  storedTwice: number;
  /** Milliseconds from the end of the fault to the acknowledgement of a record; 0 when it came before. */
  delaysMs: number[];
  requests: number;
  wireBytes: number;
  wireRecords: number;
}

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

const measure = (engine: EngineName, fault: string, collector: Collector, ids: Set<unknown>, endedAt: number): Cell => {
  const ours = [...collector.stored.values()].filter(isOfJoins(ids));
  const keys = ours.map(({ event, attributes }) => `${event} ${attributes['meeting.join.id']}`);
  const copies = collector.copies();
  const beacons = collector.beacons.filter(({ records }) => records.some(isOfJoins(ids)));
  return {
    engine,
    fault,
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

/** At 0 ms nothing need have been kept: nobody waits long for it. */
const waitFor = async (collector: Collector, ids: Set<unknown>, fault: string): Promise<void> => {
  const isWhole = () => [...collector.stored.values()].filter(isOfJoins(ids)).length >= expected;
  const deadline = Date.now() + (fault.endsWith(', 0 ms') ? 5_000 : patienceMs);
  while (!isWhole() && Date.now() < deadline) await sleep(25);
};

const runCell = async (engine: EngineName, name: string, fault: Fault): Promise<Cell> => {
  const collector = await startCollector();
  const profileDir = newProfile();
  let browser: Browser | undefined = await launch(engine, { profileDir });
  try {
    const page = await browser.open(pageUrl(collector));
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
        await browser.open(pageUrl(collector));
      },
    });
    const endedAt = Date.now();
    await waitFor(collector, ids, name);
    await whenQuiet(collector);
    return measure(engine, name, collector, ids, endedAt);
  } finally {
    await browser?.kill();
    removeProfile(profileDir);
    await collector.close();
  }
};

const percentile = (values: number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
};

const cellText = (cell: Cell | undefined): string => {
  if (!cell) return '';
  const share = Math.round((100 * cell.delivered) / expected);
  const twice = cell.storedTwice > 0 ? `, **${cell.storedTwice} stored twice**` : '';
  const copies = cell.wireCopies > 0 ? `, d ${cell.wireCopies}` : '';
  return `${share < 100 ? `**${share} %**` : '100 %'}${copies}${twice}`;
};

const faultTable = (cells: Cell[], engines: EngineName[]): string =>
  table(
    ['', ...engines],
    Object.keys(faults).map(fault => [
      fault,
      ...engines.map(engine => cellText(cells.find(cell => cell.engine === engine && cell.fault === fault))),
    ]),
  );

const summaryRow = (engine: EngineName, cells: Cell[]): string[] => {
  const own = cells.filter(cell => cell.engine === engine);
  const delays = own.flatMap(({ delaysMs }) => delaysMs);
  const sum = (of: (cell: Cell) => number) => own.reduce((total, cell) => total + of(cell), 0);
  const delivered = sum(cell => cell.delivered);
  return [
    engine,
    `${percentile(delays, 0.5)} / ${percentile(delays, 0.95)}`,
    ((1_000 * sum(cell => cell.requests)) / delivered).toFixed(0),
    (sum(cell => cell.wireBytes) / sum(cell => cell.wireRecords)).toFixed(0),
    `${sum(cell => cell.wireCopies)}`,
    `${sum(cell => cell.storedTwice)}`,
  ];
};

const summaryTable = (cells: Cell[], engines: EngineName[]): string =>
  table(
    [
      '',
      'ms to deliver after recovery, p50 / p95',
      'requests per 1000 events',
      'bytes per event',
      'copies on the wire',
      'stored twice',
    ],
    engines.map(engine => summaryRow(engine, cells)),
  );

const { present: engines } = prepareEngines();
const cells: Cell[] = [];
for (const engine of engines) {
  for (const [name, fault] of Object.entries(faults)) {
    const cell = await runCell(engine, name, fault);
    cells.push(cell);
    console.log(`${engine} · ${name}: ${cellText(cell)}`);
  }
}
const date = new Date().toISOString().slice(0, 10);
mkdirSync('test/bench/results', { recursive: true });
writeFileSync('test/bench/results/faults.json', `${JSON.stringify({ date, expected, cells }, null, 2)}\n`);
const text = [
  `Delivered of ${expected} records, by \`npm run bench:survival\` on ${date}; d = copies beyond the first that the collector saw and merged.`,
  faultTable(cells, engines),
  'Over all of these, twenty records at a time:',
  summaryTable(cells, engines),
].join('\n\n');
console.log(`\n${text}`);
writePart('engines', text);
