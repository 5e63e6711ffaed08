/**
 * `npm run bench:herd`: ten thousand clients whose collector was gone for half an hour, each with the real sender over
 * a queue in memory. When do they come back, and can the collector take it?
 */
import { createMemoryStorage } from '#src/delivery/memory.js';
import type { Answer } from '#src/delivery/outcomes.js';
import { createQueue } from '#src/delivery/queue.js';
import { toEntry } from '#src/delivery/rows.js';
import { createSender } from '#src/delivery/sender.js';
import { categories } from '#src/practices/index.js';
import { createRandom } from './random.js';

const clients = 10_000;
const outageMs = 30 * 60_000;
const start = Date.UTC(2026, 0, 15, 9);
/** 20 000 events/s in beacons of 50 is what the collector is built for. */
const capacityPerSecond = 400;
const barMs = 15_000;

const unavailable = (retryAfter: string | null): Answer => ({ status: 503, contentType: null, retryAfter, body: '' });
const accepted: Answer = { status: 200, contentType: 'application/json', retryAfter: null, body: '{}' };

const outages: Record<string, () => Answer> = {
  'connection refused': () => undefined,
  '503 without a word': () => unavailable(null),
  '503, Retry-After: 120': () => unavailable('120'),
  '503, Retry-After: the date of its end': () => unavailable(new Date(start + outageMs).toUTCString()),
};

interface Client {
  flush(): Promise<number | undefined>;
}

const createClient = async (random: () => number, now: () => number, send: () => Answer): Promise<Client> => {
  const storage = createMemoryStorage();
  const queue = createQueue(storage);
  const key = 'https://collector.example/v1/logs';
  const gate = { categories: [...categories], checkedAt: now(), held: false };
  const where = { key, endpoint: key, configSrc: '', pool: 'pool', site: '', skewMs: 0 };
  await queue.open({ ...where, ...gate, surface: 'client' });
  const entry = toEntry({
    uid: 'uid',
    route: key,
    category: 'usage',
    event: 'meeting.join.attempt',
    recordedAt: now(),
    attributes: [],
    resource: [],
  });
  await queue.add(key, { items: [{ entry }], drops: [] });
  const sender = createSender(storage, {
    now,
    random,
    version: '0',
    exclusively: async work => {
      await work(async () => true);
      return true;
    },
    send: async () => send(),
    readConfiguration: async () => undefined,
    notify: () => {},
    inOrder: work => work(),
    leave: async () => {},
  });
  return { flush: async () => (await sender.flush('retry')).nextAttemptAt };
};

/** @returns the times of all requests, in milliseconds since the outage began */
const simulateHerd = async (answer: () => Answer): Promise<number[]> => {
  const random = createRandom(1);
  let now = start;
  const arrivals: number[] = [];
  const send = () => {
    arrivals.push(now - start);
    return now < start + outageMs ? answer() : accepted;
  };
  // The tabs of a working day: each meets the outage in its first minute.
  const due: { at: number; client: Client }[] = [];
  for (let i = 0; i < clients; i++) {
    due.push({ at: start + random.below(60_000), client: await createClient(random.next, () => now, send) });
  }
  // Client by client: they meet only at the collector, which remembers nothing here.
  for (const { at, client } of due) {
    for (let next: number | undefined = at; next !== undefined; ) {
      now = next;
      next = await client.flush();
    }
  }
  return arrivals;
};

const countBy = (times: number[], binMs: number): number[] => {
  const bins: number[] = [];
  for (const time of times) {
    const bin = Math.floor(time / binMs);
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  return Array.from(bins, count => count ?? 0);
};

const print = (name: string, arrivals: number[]) => {
  const returning = arrivals.filter(time => time >= outageMs).map(time => time - outageMs);
  const peak = Math.max(...countBy(returning, 1_000));
  const lastS = Math.ceil(returning.reduce((latest, time) => Math.max(latest, time), 0) / 1_000);
  const during = ((arrivals.length - returning.length) / clients).toFixed(1);
  const share = ((100 * peak) / capacityPerSecond).toFixed(0);
  console.log(`\n${name}: ${during} requests per client in the outage; all ${returning.length} back after ${lastS} s`);
  console.log(`peak ${peak} beacons/s, ${share} % of the collector's ${capacityPerSecond}/s`);
  const bars = countBy(returning, barMs);
  const longest = Math.max(...bars);
  for (const [bin, count] of bars.entries()) {
    console.log(
      `${String((bin * barMs) / 1_000).padStart(5)} s ${'#'.repeat((count / longest) * 50).padEnd(51)}${count}`,
    );
  }
};

for (const [name, answer] of Object.entries(outages)) print(name, await simulateHerd(answer));
