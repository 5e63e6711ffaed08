/**
 * `npm run bench:record`: what a call of the tag costs the page's main thread, in the three engines (`-- 300` for three
 * hundred readings of each). Writes the figures beside the others and the table into the README, and says what is over
 * the budget: 200 µs for 95 of 100 calls.
 */
import { launch, newProfile, type Page, removeProfile } from '../support/browser.js';
import { startCollector } from '../support/collector.js';
import { runCommand } from '../support/command.js';
import { type EngineName, prepareEngines } from '../support/engines.js';
import { pageUrl, settle, type Tag } from '../support/steps.js';
import { percentile, type RecordTimes, warmUpCalls, writeEngineResults } from './engine-results.js';
import { runJobs } from './jobs.js';

const budgetUs = 200;

/** In one evaluation, which must end within the driver's time limit. */
const readingsAtOnce = 25;

/** Without them the clock of a page ticks in tenths of a millisecond (Chromium), or whole ones. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Of one call: the call alone, and with what it left to be done at once after it. */
type Reading = [callUs: number, wholeUs: number];

const callNames = ['startJoin', 'succeed', 'fail', 'recordUsage', 'recordError, again'] as const;

type CallName = (typeof callNames)[number];

/** In the page. */
const timeCalls = async (name: CallName, count: number): Promise<Reading[]> => {
  const tag = document.querySelector<Tag>('meeting-join-telemetry');
  if (!tag) throw new Error('The page has no tag');

  let attempt = tag.startJoin({ method: 'native' });
  const calls: Record<CallName, () => unknown> = {
    startJoin: () => {
      attempt = tag.startJoin({ method: 'native' });
    },
    succeed: () => attempt.succeed(),
    fail: () => attempt.fail({ type: 'server_busy', code: 7, message: 'https://contoso.com/meet/amos/ABC123' }),
    recordUsage: () => tag.recordUsage({ imSent: 1 }),
    // Of one kind only the first is recorded at once.
    'recordError, again': () => tag.recordError(new Error('sip:amos@contoso.com could not be reached')),
  };

  /** The commit is made in a microtask after the call, and belongs to its price. */
  const read = async (call: () => unknown): Promise<Reading> => {
    const before = performance.now();
    call();
    const called = performance.now();
    for (let hop = 0; hop < 20; hop += 1) await undefined;
    return [1_000 * (called - before), 1_000 * (performance.now() - before)];
  };

  /** Nothing waits, so nothing is being sent; what a flush leaves behind has passed too. */
  const whenQuiet = async () => {
    await tag.flush();
    await new Promise(done => setTimeout(done, 50));
  };

  const readings: Reading[] = [];
  while (readings.length < count) {
    attempt.succeed();
    if (name === 'succeed' || name === 'fail') attempt = tag.startJoin({ method: 'native' });
    await whenQuiet();
    readings.push(await read(calls[name]));
  }
  attempt.succeed();
  return readings;
};

/** In the page: the shortest of fifty ticks of its clock. */
const tickOfClock = (): number => {
  const tick = (): number => {
    const before = performance.now();
    let after = before;
    while (after === before) after = performance.now();
    return after - before;
  };
  return Math.round(1_000 * Math.min(...Array.from({ length: 50 }, tick)));
};

const readingsOf = async (page: Page, name: CallName, count: number): Promise<Reading[]> => {
  const readings: Reading[] = [];
  for (let left = warmUpCalls + count; left > 0; left -= readingsAtOnce) {
    readings.push(...(await page.evaluate(timeCalls, name, Math.min(left, readingsAtOnce))));
  }
  return readings.slice(warmUpCalls);
};

const timesOf = (readings: Reading[]): RecordTimes['calls'][string] => {
  const percentiles = (times: number[]) => [0.5, 0.95].map(share => Math.round(percentile(times, share)));
  const [callP50 = 0, callP95 = 0] = percentiles(readings.map(([callUs]) => callUs));
  const [wholeP50 = 0, wholeP95 = 0] = percentiles(readings.map(([, wholeUs]) => wholeUs));
  return { call: [callP50, callP95], whole: [wholeP50, wholeP95] };
};

interface Job {
  engine: EngineName;
  name: CallName;
}

interface Measured extends Job {
  tickUs: number;
  times: RecordTimes['calls'][string];
}

/** Each call in a page of its own. */
const measure = async ({ engine, name }: Job, count: number): Promise<Measured> => {
  const collector = await startCollector();
  collector.pageHeaders = isolation;
  const profileDir = newProfile();
  // Firefox rounds its clock even so; what it measures stays the same.
  const browser = await launch(engine, { profileDir, preferences: { 'privacy.reduceTimerPrecision': false } });
  try {
    const page = await browser.open(pageUrl(collector));
    await settle(page);
    const times = timesOf(await readingsOf(page, name, count));
    return { engine, name, tickUs: await page.evaluate(tickOfClock), times };
  } finally {
    await browser.kill();
    removeProfile(profileDir);
    await collector.close();
  }
};

const byEngine = (engine: EngineName, measured: Measured[]): RecordTimes => ({
  engine,
  tickUs: Math.min(...measured.map(({ tickUs }) => tickUs)),
  calls: Object.fromEntries(measured.map(({ name, times }) => [name, times])),
});

const overBudget = ({ engine, calls }: RecordTimes): string[] =>
  Object.entries(calls).flatMap(([name, { call, whole }]) =>
    Object.entries({ alone: call, 'with its commit': whole })
      .filter(([, [, p95Us]]) => p95Us > budgetUs)
      .map(([what, [, p95Us]]) => `${engine} · ${name} ${what}: ${p95Us} µs, and the budget is ${budgetUs} µs`),
  );

const nameOf = ({ engine, name }: Job): string => `${engine} · ${name}`;

const main = async (count: number): Promise<boolean> => {
  const { present: engines } = prepareEngines();
  const jobs = engines.flatMap(engine => callNames.map(name => ({ engine, name })));
  const { results, failures } = await runJobs(jobs, 1, nameOf, (job: Job) => measure(job, count));
  const times = engines
    .map(engine =>
      byEngine(
        engine,
        results.filter(measured => measured.engine === engine),
      ),
    )
    .filter(({ calls }) => Object.keys(calls).length === callNames.length);
  if (times.length > 0) console.log(`\n${writeEngineResults('record', times)}`);
  for (const line of times.flatMap(overBudget)) console.log(`over budget: ${line}`);
  for (const failure of failures) console.log(`failed: ${failure}`);
  return failures.length === 0;
};

runCommand(() => main(Number(process.argv[2] ?? 100)), 30 * 60_000);
