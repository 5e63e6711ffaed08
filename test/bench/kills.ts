/**
 * `npm run bench:kill`: kill -9 at a random moment, a hundred times per engine (`-- 20` for twenty), while a page
 * records a join every few milliseconds. Whatever was older than 20 ms must be at the collector in the end, once.
 */
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { delayed, status } from '../support/answers.js';
import { launch, newProfile, type Page, removeProfile } from '../support/browser.js';
import { type Collector, startCollector } from '../support/collector.js';
import { runCommand } from '../support/command.js';
import { type EngineName, prepareEngines } from '../support/engines.js';
import { freePort } from '../support/ports.js';
import { pageUrl, queued, settle, type Tag } from '../support/steps.js';
import { graceMs, type KillLane, writeEngineResults } from './engine-results.js';
import { runJobs } from './jobs.js';

const longestRunMs = 1_500;
const lanesAtOnce = 2;
/** One profile, killed over and over: what the last of its kills left behind is delivered by one visit more. */
const killsPerLane = 10;

/** Knows what was recorded, and when, from the page itself: by another way than the beacons'. */
const startLedger = async () => {
  const port = await freePort();
  const arrivals = new Map<string, number>();
  const server = createServer((request, response) => {
    arrivals.set(request.url?.slice(1) ?? '', Date.now());
    response.writeHead(204).end();
  });
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${port}`,
    arrivals,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};

const recordContinuously = (page: Page, ledger: string): Promise<void> =>
  page.evaluate(origin => {
    const tag = document.querySelector<Tag>('meeting-join-telemetry');
    setInterval(() => {
      const attempt = tag?.startJoin({ method: 'native' });
      attempt?.succeed();
      void fetch(`${origin}/${attempt?.id}`, { method: 'POST', mode: 'no-cors' }).catch(() => undefined);
    }, 25);
  }, ledger);

const keysAt = (collector: Collector): string[] =>
  [...collector.stored.values()]
    .filter(({ event }) => event.startsWith('meeting.join'))
    .map(({ event, attributes }) => `${event} ${attributes['meeting.join.id']}`);

/** How old each join was when its browser was killed; those of earlier kills were judged then. */
const judge = (arrivals: Map<string, number>, killedAt: number, ages: Map<string, number>): void => {
  for (const [id, at] of arrivals) if (!ages.has(id)) ages.set(id, killedAt - at);
};

interface Job {
  engine: EngineName;
  kills: number;
}

const nameOf = ({ engine, kills }: Job): string => `${engine} · ${kills} kills`;

const runLane = async ({ engine, kills }: Job): Promise<KillLane> => {
  const collector = await startCollector();
  const ledger = await startLedger();
  const profileDir = newProfile();
  const ages = new Map<string, number>();
  const owed = () => [...ages].filter(([, ageMs]) => ageMs >= graceMs).map(([id]) => id);
  const troubles = [delayed(40), delayed(400), status(503, { 'Retry-After': '1' })];
  try {
    for (let round = 0; round < kills; round += 1) {
      const browser = await launch(engine, { profileDir });
      try {
        const page = await browser.open(pageUrl(collector));
        await settle(page);
        collector.answerAlways(troubles[round % troubles.length] ?? delayed(40));
        await recordContinuously(page, ledger.origin);
        await sleep(Math.random() * longestRunMs);
      } finally {
        const killedAt = Date.now();
        await browser.kill();
        judge(ledger.arrivals, killedAt, ages);
      }
    }
    collector.answerAsUsual();
    const browser = await launch(engine, { profileDir });
    try {
      const page = await browser.open(pageUrl(collector));
      await settle(page);
      const isMissing = (stored: Set<string>) => (id: string) => !stored.has(`meeting.join.attempt ${id}`);
      const missing = () => owed().filter(isMissing(new Set(keysAt(collector))));
      const deadline = Date.now() + 60_000;
      // What is missing when nothing waits any more is lost.
      while (missing().length > 0 && (await queued(page)) > 0 && Date.now() < deadline) await sleep(100);
      await sleep(1_000);
      const keys = keysAt(collector);
      for (const id of missing()) console.log(`${engine}: lost a join ${ages.get(id)} ms old at the kill`);
      return {
        engine,
        kills,
        recorded: ledger.arrivals.size,
        owed: owed().length,
        lost: missing().length,
        storedTwice: keys.length - new Set(keys).size,
        wireCopies: [...collector.copies().values()].reduce((sum, count) => sum + count - 1, 0),
      };
    } finally {
      await browser.kill();
    }
  } finally {
    ledger.close();
    removeProfile(profileDir);
    await collector.close();
  }
};

const lanesOf = (engine: EngineName, kills: number): Job[] => {
  const lanes: Job[] = [];
  for (let left = kills; left > 0; left -= killsPerLane) lanes.push({ engine, kills: Math.min(left, killsPerLane) });
  return lanes;
};

const main = async (kills: number): Promise<boolean> => {
  const { present: engines } = prepareEngines();
  const perEngine = engines.map(engine => lanesOf(engine, kills));
  // The engines take turns, so that no moment is all one's.
  const jobs = (perEngine[0] ?? []).flatMap((_, lane) => perEngine.flatMap(lanes => lanes[lane] ?? []));
  const { results, failures } = await runJobs(jobs, lanesAtOnce, nameOf, async (job: Job) => {
    const lane = await runLane(job);
    console.log(`${nameOf(job)}: ${lane.owed} joins owed, ${lane.lost} lost, ${lane.storedTwice} stored twice`);
    return lane;
  });
  const lanes = results.sort((left, right) => engines.indexOf(left.engine) - engines.indexOf(right.engine));
  if (lanes.length > 0) console.log(`\n${writeEngineResults('kills', lanes)}`);
  for (const failure of failures) console.log(`failed: ${failure}`);
  return failures.length === 0 && lanes.every(({ lost, storedTwice }) => lost + storedTwice === 0);
};

runCommand(() => main(Number(process.argv[2] ?? 100)), 30 * 60_000);
