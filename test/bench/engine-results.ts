/** What the benches over three engines measured: as data beside this file, and as the README's tables. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { table, writePart } from '../package/readme.js';
import type { EngineName } from '../support/engines.js';

export interface FaultCell {
  engine: EngineName;
  fault: string;
  /** Records that were made, and those that stand at the collector. */
  recorded: number;
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

export interface KillLane {
  engine: EngineName;
  kills: number;
  recorded: number;
  /** Old enough to be owed. */
  owed: number;
  lost: number;
  /** Of the lost, those whose transaction the page had seen complete. */
  lostCommitted: number;
  storedTwice: number;
  wireCopies: number;
}

type Percentiles = readonly [p50Us: number, p95Us: number];

export interface RecordTimes {
  engine: EngineName;
  /** What the engine's clock can tell apart. */
  tickUs: number;
  /** The call alone, and with the commit in the microtask after it. */
  calls: Record<string, { call: Percentiles; whole: Percentiles }>;
}

export interface Dated<Result> {
  date: string;
  results: Result[];
}

interface Results {
  faults: FaultCell;
  kills: KillLane;
  record: RecordTimes;
}

const pathOf = (bench: keyof Results): string => `test/bench/results/${bench}.json`;

export const percentile = (values: number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
};

const enginesIn = (results: { engine: EngineName }[]): EngineName[] => [
  ...new Set(results.map(({ engine }) => engine)),
];

const sumOf = <Result>(results: Result[], of: (result: Result) => number): number =>
  results.reduce((sum, result) => sum + of(result), 0);

const cellText = (cells: FaultCell[]): string => {
  const recorded = sumOf(cells, cell => cell.recorded);
  if (recorded === 0) return 'failed';
  // Rounded down: one record short of all is not all.
  const share = Math.floor((100 * sumOf(cells, cell => cell.delivered)) / recorded);
  const storedTwice = sumOf(cells, cell => cell.storedTwice);
  const wireCopies = sumOf(cells, cell => cell.wireCopies);
  const twice = storedTwice > 0 ? `, **${storedTwice} stored twice**` : '';
  return `${share < 100 ? `**${share} %**` : '100 %'}${wireCopies > 0 ? `, d ${wireCopies}` : ''}${twice}`;
};

export const faultTable = (cells: FaultCell[]): string => {
  const engines = enginesIn(cells);
  return table(
    ['', ...engines],
    [...new Set(cells.map(({ fault }) => fault))].map(fault => [
      fault,
      ...engines.map(engine => cellText(cells.filter(cell => cell.engine === engine && cell.fault === fault))),
    ]),
  );
};

const deliveryRow = (engine: EngineName, cells: FaultCell[]): string[] => {
  const delays = cells.flatMap(({ delaysMs }) => delaysMs);
  return [
    engine,
    `${percentile(delays, 0.5)} / ${percentile(delays, 0.95)}`,
    ((1_000 * sumOf(cells, cell => cell.requests)) / sumOf(cells, cell => cell.delivered)).toFixed(0),
    (sumOf(cells, cell => cell.wireBytes) / sumOf(cells, cell => cell.wireRecords)).toFixed(0),
    `${sumOf(cells, cell => cell.wireCopies)}`,
    `${sumOf(cells, cell => cell.storedTwice)}`,
  ];
};

const deliveryTable = (cells: FaultCell[]): string =>
  table(
    [
      '',
      'ms to deliver after recovery, p50 / p95',
      'requests per 1000 events',
      'bytes per event',
      'copies on the wire',
      'stored twice',
    ],
    enginesIn(cells).map(engine =>
      deliveryRow(
        engine,
        cells.filter(cell => cell.engine === engine),
      ),
    ),
  );

const faultsText = ({ date, results }: Dated<FaultCell>): string => {
  const most = Math.max(...results.map(({ recorded }) => recorded));
  const rounds = results.length / (enginesIn(results).length * new Set(results.map(({ fault }) => fault)).size);
  return [
    `Delivered of ${most} records${rounds > 1 ? `, ${Math.ceil(rounds)} times over` : ''}, by \`npm run bench:survival\` on ${date}; d = copies beyond the first that the collector saw and merged.`,
    faultTable(results),
    `Over all of these, ${most} records at a time:`,
    deliveryTable(results),
  ].join('\n\n');
};

const killsRow = (engine: EngineName, lanes: KillLane[]): string[] => [
  engine,
  ...(['kills', 'recorded', 'owed', 'lost', 'lostCommitted', 'storedTwice', 'wireCopies'] as const).map(figure =>
    String(sumOf(lanes, lane => lane[figure])),
  ),
];

export const graceMs = 20;

const killsText = ({ date, results }: Dated<KillLane>): string =>
  [
    `\`kill -9\` at a random moment of a page that records forty joins a second, by \`npm run bench:kill\` on ${date}; owed: older than ${graceMs} ms at the kill.`,
    table(
      ['', 'kills', 'joins recorded', 'owed', 'lost', 'of them committed', 'stored twice', 'copies on the wire'],
      enginesIn(results).map(engine =>
        killsRow(
          engine,
          results.filter(lane => lane.engine === engine),
        ),
      ),
    ),
  ].join('\n\n');

/** The first calls of a page compile the code; they are left out. */
export const warmUpCalls = 10;

const recordText = ({ date, results }: Dated<RecordTimes>): string =>
  [
    `Microseconds of the main thread, median / p95, for a call with the commit right after it (and, in brackets, without), by \`npm run bench:record\` on ${date}; in a page where nothing else happens, without its first ${warmUpCalls} calls, which compile the code.`,
    table(
      ['', ...Object.keys(results[0]?.calls ?? {}), 'clock ticks every'],
      results.map(({ engine, calls, tickUs }) => [
        engine,
        ...Object.values(calls).map(({ call, whole }) => `${whole.join(' / ')} (${call.join(' / ')})`),
        `${tickUs} µs`,
      ]),
    ),
  ].join('\n\n');

interface Bench<Result> {
  part: string;
  text(dated: Dated<Result>): string;
  /** What stands in the README before it has been run. */
  promise: string;
}

const benches: { [Name in keyof Results]: Bench<Results[Name]> } = {
  faults: {
    part: 'engines',
    text: faultsText,
    promise: '`npm run bench:survival` writes here what becomes of the records by engine, fault and delay.',
  },
  kills: {
    part: 'kills',
    text: killsText,
    promise: '`npm run bench:kill` writes here what a hundred kills at random moments cost each engine.',
  },
  record: {
    part: 'record',
    text: recordText,
    promise: '`npm run bench:record` writes here what a call costs the main thread, by engine.',
  },
};

/** Writes the README's part of one bench, from its last run. @returns what it wrote */
export const writeTable = <Name extends keyof Results>(name: Name): string => {
  const { part, text, promise }: Bench<Results[Name]> = benches[name];
  const path = pathOf(name);
  const written = existsSync(path) ? text(JSON.parse(readFileSync(path, 'utf8'))) : promise;
  writePart(part, written);
  return written;
};

export const writeTables = (): void => {
  for (const name of Object.keys(benches) as (keyof Results)[]) writeTable(name);
};

export const writeEngineResults = <Name extends keyof Results>(name: Name, results: Results[Name][]): string => {
  const date = new Date().toISOString().slice(0, 10);
  const lines = results.map(result => `    ${JSON.stringify(result)}`).join(',\n');
  mkdirSync('test/bench/results', { recursive: true });
  writeFileSync(pathOf(name), `{\n  "date": "${date}",\n  "results": [\n${lines}\n  ]\n}\n`);
  return writeTable(name);
};
