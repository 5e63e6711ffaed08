/**
 * `npm run bench:record`: what a call of the tag costs the page's main thread, in the three engines (`-- 50` for fifty
 * readings of each). Writes the figures beside the others and the table into the README, and says what is over the
 * budget: 200 µs for 95 of 100 calls.
 */
import { launch, newProfile, removeProfile } from '../support/browser.js';
import { startCollector } from '../support/collector.js';
import { runCommand } from '../support/command.js';
import { type EngineName, prepareEngines } from '../support/engines.js';
import { pageUrl, settle, type Tag } from '../support/steps.js';
import { percentile, type RecordTimes, writeEngineResults } from './engine-results.js';
import { runJobs } from './jobs.js';

const budgetUs = 200;

/** Without them the clock of a page ticks in tenths of a millisecond (Chromium), or whole ones. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

interface Timed {
  tickUs: number;
  /** Of each reading: the call alone, and with what it left to be done at once after it. */
  readings: Record<string, [callUs: number, wholeUs: number][]>;
}

/** In the page. */
const timeCalls = async (count: number): Promise<Timed> => {
  const tag = document.querySelector<Tag>('meeting-join-telemetry');
  if (!tag) throw new Error('The page has no tag');

  const tick = (): number => {
    const before = performance.now();
    let after = before;
    while (after === before) after = performance.now();
    return after - before;
  };

  /** The commit is made in a microtask after the call, and belongs to its price. */
  const read = async (call: () => unknown): Promise<[number, number]> => {
    const before = performance.now();
    call();
    const called = performance.now();
    for (let hop = 0; hop < 20; hop += 1) await undefined;
    return [1_000 * (called - before), 1_000 * (performance.now() - before)];
  };

  let attempt = tag.startJoin({ method: 'native' });
  const calls: Record<string, () => unknown> = {
    startJoin: () => {
      attempt = tag.startJoin({ method: 'native' });
    },
    succeed: () => attempt.succeed(),
    fail: () => attempt.fail({ type: 'server_busy', code: 7, message: 'https://contoso.com/meet/amos/ABC123' }),
    recordUsage: () => tag.recordUsage({ imSent: 1 }),
    // Of one kind only the first is recorded at once.
    'recordError, again': () => tag.recordError(new Error('sip:amos@contoso.com could not be reached')),
  };
  const readings: Timed['readings'] = {};
  for (const [name, call] of Object.entries(calls)) {
    const times: [number, number][] = [];
    // The first half warms up. Each call stands alone, as events do.
    for (let left = 2 * count; left > 0; left -= 1) {
      if (name !== 'startJoin') attempt = tag.startJoin({ method: 'native' });
      await new Promise(done => setTimeout(done, 20));
      times.push(await read(call));
      if (name !== 'succeed' && name !== 'fail') attempt.succeed();
    }
    readings[name] = times.slice(count);
  }
  return { tickUs: Math.round(1_000 * Math.min(...Array.from({ length: 50 }, tick))), readings };
};

const measure = async (engine: EngineName, count: number): Promise<RecordTimes> => {
  const collector = await startCollector();
  collector.pageHeaders = isolation;
  const profileDir = newProfile();
  // Firefox rounds its clock even so; what it measures stays the same.
  const browser = await launch(engine, { profileDir, preferences: { 'privacy.reduceTimerPrecision': false } });
  try {
    const page = await browser.open(pageUrl(collector));
    await settle(page);
    const { tickUs, readings } = await page.evaluate(timeCalls, count);
    const calls = Object.entries(readings).map(([name, times]) => {
      const at = (which: 0 | 1, share: number): number =>
        Math.round(
          percentile(
            times.map(time => time[which]),
            share,
          ),
        );
      return [name, { call: [at(0, 0.5), at(0, 0.95)], whole: [at(1, 0.5), at(1, 0.95)] }] as const;
    });
    return { engine, tickUs, calls: Object.fromEntries(calls) };
  } finally {
    await browser.kill();
    removeProfile(profileDir);
    await collector.close();
  }
};

const overBudget = ({ engine, calls }: RecordTimes): string[] =>
  Object.entries(calls).flatMap(([name, { whole }]) =>
    whole[1] > budgetUs ? `${engine} · ${name}: ${whole[1]} µs, and the budget is ${budgetUs} µs` : [],
  );

const main = async (count: number): Promise<boolean> => {
  const { present: engines } = prepareEngines();
  const { results, failures } = await runJobs(
    engines,
    1,
    engine => engine,
    engine => measure(engine, count),
  );
  if (results.length > 0) console.log(`\n${writeEngineResults('record', results)}`);
  for (const line of results.flatMap(overBudget)) console.log(`over budget: ${line}`);
  for (const failure of failures) console.log(`failed: ${failure}`);
  return failures.length === 0;
};

runCommand(() => main(Number(process.argv[2] ?? 60)), 10 * 60_000);
