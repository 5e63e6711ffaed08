/**
 * `npm test`: every layer, or those named (`npm test -- unit`), or some files of one (`npm test -- survival row-09`).
 * Ends with one plain line of counts; a layer in which nothing ran has failed.
 */
import { resolve } from 'node:path';
import { launch, newProfile } from './browser.js';
import { runBrowserTests } from './browser-tests.js';
import { runCommand } from './command.js';
import { hasDescriptor } from './conformance.js';
import { type EngineName, prepareEngines } from './engines.js';
import { useTemplate } from './firefox-template.js';
import { findTests, runNodeTests } from './node-tests.js';
import { countFailure, countSkip, newTally, type Tally } from './tally.js';

interface Layer {
  needsBrowsers: boolean;
  directory: string;
  run(tally: Tally, files: string[], engines: EngineName[]): Promise<void>;
}

const layers: Record<string, Layer> = {
  unit: {
    needsBrowsers: false,
    directory: 'build/test/unit',
    run: (tally, files) => runNodeTests(tally, files, 2),
  },
  package: {
    needsBrowsers: true,
    directory: 'build/test/package',
    run: (tally, files) => runNodeTests(tally, files, 1),
  },
  browser: {
    needsBrowsers: true,
    directory: 'build/test-browser',
    run: (tally, files, engines) => runBrowserTests(tally, engines, files),
  },
  console: {
    needsBrowsers: true,
    directory: 'build/test/console',
    run: (tally, files) => runNodeTests(tally, files, 1),
  },
  survival: {
    needsBrowsers: true,
    directory: 'build/test/survival',
    // A survivor mostly waits: three at a time fill two cores.
    run: (tally, files) => runNodeTests(tally, files, 3),
  },
};

const wholeRunMs = 25 * 60_000;

const runLayer = async (name: string, layer: Layer, filters: string[], engines: EngineName[]): Promise<Tally> => {
  const tally = newTally();
  const startedAt = Date.now();
  console.log(`\n== ${name} ==`);
  const files = findTests(resolve(layer.directory), filters);
  if (files.length > 0) await layer.run(tally, files, engines);
  if (tally.passed + tally.failed === 0) countFailure(tally, `${name}: no test ran`);
  const seconds = ((Date.now() - startedAt) / 1_000).toFixed(1);
  console.log(`${name}: ${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped (${seconds} s)`);
  return tally;
};

const prepare = (tally: Tally): EngineName[] => {
  const { present, absent, failed } = prepareEngines();
  for (const name of absent) {
    if (failed.includes(name)) countFailure(tally, `${name} is not installed`);
    else countSkip(tally, `${name}: not installed`);
  }
  // The tests of a layer that starts its own browsers are told here.
  process.env.ENGINES = present.join(',');
  return present;
};

/** So that no test pays for the first start of a profile. */
const startFirefoxOnce = async (): Promise<void> => {
  const profileDir = newProfile();
  const browser = await launch('firefox', { profileDir });
  await browser.quit();
  useTemplate(profileDir);
};

const add = (total: Tally, part: Tally): void => {
  total.passed += part.passed;
  total.failed += part.failed;
  total.skipped += part.skipped;
  total.failures.push(...part.failures);
  total.skips.push(...part.skips);
};

const print = ({ passed, failed, skipped, failures, skips }: Tally): void => {
  console.log('');
  for (const skip of skips) console.log(`skipped: ${skip}`);
  for (const failure of failures) console.log(`failed: ${failure}`);
  console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
};

const main = async (words: string[]): Promise<boolean> => {
  const named = words.filter(word => Object.hasOwn(layers, word));
  const filters = words.filter(word => !Object.hasOwn(layers, word));
  const chosen = Object.entries(layers).filter(([name]) => named.length === 0 || named.includes(name));
  const total = newTally();
  const engines = chosen.some(([, { needsBrowsers }]) => needsBrowsers) ? prepare(total) : [];
  if (engines.includes('firefox')) await startFirefoxOnce();
  for (const [name, layer] of chosen) {
    if (layer.needsBrowsers && engines.length === 0) countFailure(total, `${name}: no browser`);
    else add(total, await runLayer(name, layer, filters, engines));
  }
  if (!hasDescriptor) countSkip(total, 'OTLP descriptor conformance (no descriptor beside this checkout)');
  print(total);
  return total.failed === 0;
};

runCommand(() => main(process.argv.slice(2)), wholeRunMs);
