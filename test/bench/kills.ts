/**
 * `npm run bench:kill`: kill -9 at a random moment, a hundred times per engine (`-- 20` for twenty), while a page
 * records a join every few milliseconds. Whatever was older than 20 ms must be at the collector in the end, once.
 */
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { delayed, status } from '../support/answers.js';
import { launch, newProfile, removeProfile } from '../support/browser.js';
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

/** By the page's own clock, which is this computer's. */
interface RecordedJoin {
  round: number;
  recordedAt: number;
  /** When the transaction that put it away had completed; absent when that was not told before the kill. */
  committedAt?: number;
}

/**
 * Knows what the page did, and when, from the page itself: by another way than the beacons'. What a page has just sent when
 * it is killed may be read while the next one is being opened, so that it matters what it says, not when it comes.
 */
const startLedger = async () => {
  const port = await freePort();
  const joins = new Map<string, RecordedJoin>();
  const server = createServer((request, response) => {
    const [, id = '', round, recordedAt, committedAt] = request.url?.split('/') ?? [];
    joins.set(id, {
      ...joins.get(id),
      round: Number(round),
      recordedAt: Number(recordedAt),
      ...(committedAt && { committedAt: Number(committedAt) }),
    });
    response.writeHead(204).end();
  });
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${port}`,
    joins,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};

type Ledger = Awaited<ReturnType<typeof startLedger>>;

/** In the page. A join is committed when the platform says so of the transaction in which the product put it. */
const recordContinuously = (ledger: string, round: number): void => {
  const tag = document.querySelector<Tag>('meeting-join-telemetry');
  const say = (...words: (string | number)[]) =>
    void fetch(`${ledger}/${words.join('/')}`, { method: 'POST', mode: 'no-cors' }).catch(() => undefined);
  const pending = new Map<string, number>();
  const { put } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.put = function (row, ...key) {
    const text = JSON.stringify(row);
    for (const [id, recordedAt] of pending) {
      if (!text.includes(id)) continue;
      pending.delete(id);
      this.transaction.addEventListener('complete', () => say(id, round, recordedAt, Date.now()));
    }
    return put.call(this, row, ...key);
  };
  setInterval(() => {
    const attempt = tag?.startJoin({ method: 'native' });
    attempt?.succeed();
    if (!attempt) return;
    const recordedAt = Date.now();
    pending.set(attempt.id, recordedAt);
    say(attempt.id, round, recordedAt);
  }, 25);
};

const keysAt = (collector: Collector): string[] =>
  [...collector.stored.values()]
    .filter(({ event }) => event.startsWith('meeting.join'))
    .map(({ event, attributes }) => `${event} ${attributes['meeting.join.id']}`);

/** A join as it was when its browser was killed. */
interface KilledJoin extends RecordedJoin {
  id: string;
  ageMs: number;
}

interface Verdict {
  owed: KilledJoin[];
  lost: KilledJoin[];
  kept: Set<unknown>;
}

/** @param killedAt by round */
const judge = (ledger: Ledger, killedAt: number[], collector: Collector): Verdict => {
  const attempts = [...collector.stored.values()].filter(({ event }) => event === 'meeting.join.attempt');
  const kept = new Set<unknown>(attempts.map(({ attributes }) => attributes['meeting.join.id']));
  const owed = [...ledger.joins]
    .map(([id, join]) => ({ ...join, id, ageMs: (killedAt[join.round] ?? 0) - join.recordedAt }))
    .filter(({ ageMs }) => ageMs >= graceMs);
  return { owed, lost: owed.filter(({ id }) => !kept.has(id)), kept };
};

/** What there is to know of a lost join: under load the last ones before a kill may not be committed yet. */
const lossText = ({ round, recordedAt, committedAt, ageMs }: KilledJoin, { owed, kept }: Verdict): string => {
  const later = owed.filter(join => join.round === round && join.recordedAt > recordedAt);
  const keptLater = later.filter(({ id }) => kept.has(id));
  const commit =
    committedAt === undefined ? 'not known to be committed' : `committed after ${committedAt - recordedAt} ms`;
  return `lost a join ${ageMs} ms old at the kill, ${commit}; kept ${keptLater.length} of ${later.length} later ones`;
};

interface Job {
  engine: EngineName;
  kills: number;
}

const nameOf = ({ engine, kills }: Job): string => `${engine} · ${kills} kills`;

const troubles = [delayed(40), delayed(400), status(503, { 'Retry-After': '1' })];

/** @returns when the browser was killed, by round */
const killOverAndOver = async (
  { engine, kills }: Job,
  profileDir: string,
  collector: Collector,
  ledger: Ledger,
): Promise<number[]> => {
  const killedAt: number[] = [];
  for (let round = 0; round < kills; round += 1) {
    const browser = await launch(engine, { profileDir });
    try {
      const page = await browser.open(pageUrl(collector));
      await settle(page);
      collector.answerAlways(troubles[round % troubles.length] ?? delayed(40));
      await page.evaluate(recordContinuously, ledger.origin, round);
      await sleep(Math.random() * longestRunMs);
    } finally {
      killedAt.push(Date.now());
      await browser.kill();
    }
  }
  return killedAt;
};

/** One visit more, until nothing is missing or nothing waits: what is missing then is lost. */
const deliverTheRest = async (
  engine: EngineName,
  profileDir: string,
  collector: Collector,
  isMissing: () => boolean,
): Promise<void> => {
  collector.answerAsUsual();
  const browser = await launch(engine, { profileDir });
  try {
    const page = await browser.open(pageUrl(collector));
    await settle(page);
    const deadline = Date.now() + 60_000;
    while (isMissing() && (await queued(page)) > 0 && Date.now() < deadline) await sleep(100);
    await sleep(1_000);
  } finally {
    await browser.kill();
  }
};

const runLane = async (job: Job): Promise<KillLane> => {
  const { engine, kills } = job;
  const collector = await startCollector();
  const ledger = await startLedger();
  const profileDir = newProfile();
  try {
    const killedAt = await killOverAndOver(job, profileDir, collector, ledger);
    const verdict = () => judge(ledger, killedAt, collector);
    await deliverTheRest(engine, profileDir, collector, () => verdict().lost.length > 0);
    const final = verdict();
    const keys = keysAt(collector);
    for (const join of final.lost) console.log(`${engine}: ${lossText(join, final)}`);
    return {
      engine,
      kills,
      recorded: ledger.joins.size,
      owed: final.owed.length,
      lost: final.lost.length,
      lostCommitted: final.lost.filter(({ committedAt }) => committedAt !== undefined).length,
      storedTwice: keys.length - new Set(keys).size,
      wireCopies: [...collector.copies().values()].reduce((sum, count) => sum + count - 1, 0),
    };
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
