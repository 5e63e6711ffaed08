/** The last run, as data, and as tables. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { table } from '../package/readme.js';
import type { Visit } from './cost.js';
import type { Cell, Fault } from './survival.js';

const directory = 'test/bench/results';

export interface Results {
  date: string;
  machine: string;
  browser: string;
  rounds: number;
  patienceMs: number;
  setups: Record<string, string>;
  /** Medians, `nothing` (an empty page) among them; `closed` is us with the gate closed. */
  cost: Record<string, Visit>;
  survival: Cell[];
}

export const us = 'meeting-join-telemetry';
export const usClosed = 'meeting-join-telemetry, gate closed';

const path = `${directory}/latest.json`;

export const readResults = (): Results => JSON.parse(readFileSync(path, 'utf8'));

/** A half that has not been measured stays what it was. */
export const writeResults = (results: Results): void => {
  const previous: Partial<Results> = existsSync(path) ? readResults() : {};
  const { cost = {}, survival = [] } = previous;
  const whole: Results = {
    ...results,
    cost: Object.keys(results.cost).length > 0 ? results.cost : cost,
    survival: results.survival.length > 0 ? results.survival : survival,
  };
  mkdirSync(directory, { recursive: true });
  writeFileSync(path, `${JSON.stringify(whole, null, 2)}\n`);
};

const kilobytes = (bytes: number): string => (bytes / 1_024).toFixed(1);

/** How many times as much as ours, once an empty page's share is taken away. */
const ratio = (value: number, ours: number): string => (ours > 0 ? ` (×${(value / ours).toFixed(1)})` : '');

const added = ({ cost }: Results, name: string, field: keyof Visit): number =>
  Math.max(0, (cost[name]?.[field] ?? 0) - (cost.nothing?.[field] ?? 0));

const costRow = (results: Results, name: string): string[] => {
  const cell = (field: keyof Visit, digits = 0): string => {
    const value = added(results, name, field);
    return value.toFixed(digits) + (name === us ? '' : ratio(value, added(results, us, field)));
  };
  const { scriptBytes = 0, workerBytes = 0, requests = 0 } = results.cost[name] ?? {};
  const ours = results.cost[us]?.scriptBytes ?? 0;
  const bytes = kilobytes(scriptBytes) + (name === us ? '' : ratio(scriptBytes, ours));
  return [
    name,
    workerBytes ? `${bytes} + ${kilobytes(workerBytes)}` : bytes,
    String(requests),
    cell('scriptMs'),
    cell('taskMs'),
    cell('heapKib'),
    cell('eventP50Us'),
    cell('eventP95Us'),
  ];
};

const namesOf = ({ cost }: Results): string[] => [
  ...[usClosed, us].filter(name => cost[name]),
  ...Object.keys(cost).filter(name => ![us, usClosed, 'nothing'].includes(name)),
];

export const costTable = (results: Results): string =>
  table(
    [
      '',
      'KB of page (+ worker) script',
      'requests',
      'script ms, 4×',
      'task ms, 4×',
      'heap KiB',
      'µs per event, median',
      'p95',
    ],
    namesOf(results).map(name => costRow(results, name)),
  );

const survivalCell = (cell: Cell | undefined): string => {
  if (!cell) return '';
  const { delivered, duplicates } = cell;
  return `${delivered < 20 ? `**${delivered}**` : delivered}${duplicates ? `, d ${duplicates}` : ''}`;
};

export const survivalTable = ({ survival }: Results): string => {
  const faults = [...new Set(survival.map(({ fault }) => fault))];
  const names = [...new Set(survival.map(({ product }) => product))];
  const find = (name: string, fault: Fault) => survival.find(cell => cell.product === name && cell.fault === fault);
  return table(
    ['', ...faults],
    names.map(name => [name, ...faults.map(fault => survivalCell(find(name, fault)))]),
  );
};

export const caption = ({ date, machine, browser, rounds }: Results): string =>
  `Measured by \`npm run bench\` on ${date} (${machine}, ${browser}): medians of ${rounds} interleaved visits with one join, times of the page's main thread on a processor slowed down fourfold, an empty page's share taken away.`;

export const survivalCaption = ({ patienceMs }: Results): string =>
  `Delivered of 20 events within ${patienceMs / 1_000} s of recovery, kills 1 s after the events; d = copies beyond the first that the server saw.`;

export const setupsTable = ({ setups }: Results): string => table(['', 'Set up'], Object.entries(setups));
