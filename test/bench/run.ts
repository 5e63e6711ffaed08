/**
 * `npm run bench`: us and the rivals in one run. `-- --quick` takes less than three minutes and writes nothing;
 * `-- cost` or `-- survival` measures half of it anew; `-- Sentry` is about one product and us, and writes nothing.
 */
import { cpus } from 'node:os';
import { newProfile, removeProfile } from '../support/browser.js';
import { launchChromium } from './browser.js';
import { bundle, installRivals } from './bundles.js';
import { runCost, type Visit } from './cost.js';
import { nothing, type Product, rivals, us } from './products.js';
import { caption, costTable, type Results, survivalCaption, survivalTable, usClosed, writeResults } from './results.js';
import { type Cell, type Fault, faults, runCell } from './survival.js';

const words = process.argv.slice(2);
const isQuick = words.includes('--quick');
const parts = ['cost', 'survival'].filter(part => words.includes(part));
const named = words.filter(word => !['--quick', ...parts].includes(word));

const rounds = isQuick ? 2 : 5;
const patienceMs = isQuick ? 10_000 : 45_000;
/** Most of a cell is waiting. */
const cellsAtOnce = 6;

const quickFaults: Fault[] = ['none', 'kill -9 offline'];

const isNamed = ({ name }: Product): boolean =>
  named.length === 0 || named.some(word => name.toLowerCase().includes(word.toLowerCase()));

const chosen = rivals.filter(isNamed);

const closed: Product = { ...us, name: usClosed, page: us.page.replace('pool01', 'pool02') };

const runSurvival = async (products: Product[]): Promise<Cell[]> => {
  const wanted = isQuick ? quickFaults : (Object.keys(faults) as Fault[]);
  const waiting = wanted.flatMap(fault => products.map(product => ({ fault, product })));
  const cells: Cell[] = [];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { product, fault } = next;
      const cell = await runCell(product, fault, patienceMs).catch(error => {
        console.error(`${fault} · ${product.name}: ${error}`);
        process.exitCode = 1;
      });
      if (!cell) continue;
      cells.push(cell);
      console.log(`${cell.fault} · ${cell.product}: ${cell.delivered}, ${cell.duplicates} copies`);
    }
  };
  await Promise.all(Array.from({ length: cellsAtOnce }, work));
  const order = (cell: Cell): number =>
    products.findIndex(({ name }) => name === cell.product) * 100 + wanted.indexOf(cell.fault);
  return cells.sort((left, right) => order(left) - order(right));
};

const browserVersion = async (): Promise<string> => {
  const profile = newProfile();
  const browser = await launchChromium(profile);
  const version = await browser.driver.version();
  await browser.kill();
  removeProfile(profile);
  return version
    .replace('Headless', '')
    .replace('Chrome/', 'Chromium ')
    .replace(/(\d+)\.[\d.]+/, '$1');
};

const main = async (): Promise<void> => {
  const isWanted = (part: string): boolean => parts.length === 0 || parts.includes(part);
  installRivals();
  for (const { entries } of chosen) entries.forEach(bundle);
  const cost: Record<string, Visit> = isWanted('cost') ? await runCost([nothing, closed, us, ...chosen], rounds) : {};
  const survival = isWanted('survival') ? await runSurvival([us, ...chosen]) : [];
  const results: Results = {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} cores`,
    browser: await browserVersion(),
    rounds,
    patienceMs,
    setups: Object.fromEntries([us, ...chosen].map(({ name, setup }) => [name, setup])),
    cost,
    survival,
  };
  if (isWanted('cost')) console.log(`\n${caption(results)}\n\n${costTable(results)}`);
  if (isWanted('survival')) console.log(`\n${survivalCaption(results)}\n\n${survivalTable(results)}`);
  if (!isQuick && named.length === 0) writeResults(results);
};

await main();
