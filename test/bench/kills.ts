/**
 * `npm run bench:kill`: kill -9 at a random moment, a hundred times per engine (`-- 20` for twenty), while a page
 * records a join every few milliseconds. Whatever was older than 20 ms must be at the collector in the end, once.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { table, writePart } from '../package/readme.js';
import { delayed, status } from '../support/answers.js';
import { launch, newProfile, type Page, removeProfile } from '../support/browser.js';
import { type Collector, startCollector } from '../support/collector.js';
import { type EngineName, prepareEngines } from '../support/engines.js';
import { freePort } from '../support/ports.js';
import { pageUrl, settle, type Tag } from '../support/steps.js';

const graceMs = 20;
const longestRunMs = 1_500;

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

interface Outcome {
  engine: EngineName;
  kills: number;
  recorded: number;
  /** Old enough to be owed. */
  owed: number;
  lost: number;
  storedTwice: number;
  wireCopies: number;
}

const keysAt = (collector: Collector): string[] =>
  [...collector.stored.values()]
    .filter(({ event }) => event.startsWith('meeting.join'))
    .map(({ event, attributes }) => `${event} ${attributes['meeting.join.id']}`);

/** How old each join was when its browser was killed; those of earlier kills were judged then. */
const judge = (arrivals: Map<string, number>, killedAt: number, ages: Map<string, number>): void => {
  for (const [id, at] of arrivals) if (!ages.has(id)) ages.set(id, killedAt - at);
};

const runEngine = async (engine: EngineName, kills: number): Promise<Outcome> => {
  const collector = await startCollector();
  const ledger = await startLedger();
  const profileDir = newProfile();
  const ages = new Map<string, number>();
  const owed = () => [...ages].filter(([, ageMs]) => ageMs >= graceMs).map(([id]) => id);
  const troubles = [delayed(40), delayed(400), status(503, { 'Retry-After': '1' })];
  try {
    for (let round = 0; round < kills; round += 1) {
      const browser = await launch(engine, { profileDir });
      const page = await browser.open(pageUrl(collector));
      await settle(page);
      collector.answerAlways(troubles[round % troubles.length] ?? delayed(40));
      await recordContinuously(page, ledger.origin);
      await sleep(Math.random() * longestRunMs);
      const killedAt = Date.now();
      await browser.kill();
      judge(ledger.arrivals, killedAt, ages);
      if (round % 10 === 9) console.log(`${engine}: ${round + 1} kills, ${owed().length} joins owed`);
    }
    collector.answerAsUsual();
    const browser = await launch(engine, { profileDir });
    await browser.open(pageUrl(collector));
    const isMissing = (stored: Set<string>) => (id: string) => !stored.has(`meeting.join.attempt ${id}`);
    const missing = () => owed().filter(isMissing(new Set(keysAt(collector))));
    const deadline = Date.now() + 60_000;
    while (missing().length > 0 && Date.now() < deadline) await sleep(100);
    await sleep(1_000);
    await browser.kill();
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
    ledger.close();
    removeProfile(profileDir);
    await collector.close();
  }
};

const kills = Number(process.argv[2] ?? 100);
const outcomes: Outcome[] = [];
for (const engine of prepareEngines().present) outcomes.push(await runEngine(engine, kills));
const date = new Date().toISOString().slice(0, 10);
mkdirSync('test/bench/results', { recursive: true });
writeFileSync('test/bench/results/kills.json', `${JSON.stringify({ date, outcomes }, null, 2)}\n`);
const text = [
  `\`kill -9\` at a random moment of a page that records forty joins a second, by \`npm run bench:kill\` on ${date}; owed: older than ${graceMs} ms at the kill.`,
  table(
    ['', 'kills', 'joins recorded', 'owed', 'lost', 'stored twice', 'copies on the wire'],
    outcomes.map(({ engine, ...figures }) => [
      engine,
      ...[figures.kills, figures.recorded, figures.owed, figures.lost, figures.storedTwice, figures.wireCopies].map(
        String,
      ),
    ]),
  ),
].join('\n\n');
console.log(`\n${text}`);
writePart('kills', text);
process.exit(outcomes.some(({ lost, storedTwice }) => lost + storedTwice > 0) ? 1 : 0);
