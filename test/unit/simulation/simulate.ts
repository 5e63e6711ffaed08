import { limits } from '#src/delivery/limits.js';
import type { Trigger } from '#src/delivery/sender.js';
import { createCollector, type Fate, type Flag, type Weather } from './collector.js';
import { createDisk } from './disk.js';
import { createLedger } from './ledger.js';
import { createLocks } from './locks.js';
import { createRandom } from './random.js';
import { type Computer, type Mutation, openTab, startWorker, type Tab } from './realms.js';
import { createSchedule } from './schedule.js';

/** Small, so that a few records overflow, split and halve what twenty thousand would. */
Object.assign(limits, { maxQueueEntries: 16, maxQueueBytes: 6_000, maxBatchRecords: 5, maxBatchBytes: 1_200 });

export interface Outcome {
  seed: number;
  /** What did not hold; undefined when all did. */
  violation: string | undefined;
  trace: string[];
  statistics: { steps: number; requests: number; records: number; purged: number; counted: number; duplicates: number };
}

export interface Options {
  mutation?: Mutation;
  isTraced?: boolean;
}

const day = 86_400_000;
const start = Date.UTC(2026, 0, 15, 9);
const routes = ['https://a.example/v1/logs', 'https://b.example/v1/logs'];
const triggers: readonly Trigger[] = ['recorded', 'retry', 'visible', 'start', 'visit', 'online', 'sync', 'call'];

const fates: readonly Fate[] = [
  'stored',
  'stored, answer lost',
  'stored, 502',
  'refused',
  'hangs',
  'partial',
  'partial, answer lost',
  'absurd partial',
  'busy',
  'portal',
  'portal json',
];
/** They lose records, counted, so they are had seldom. */
const hardFates: readonly Fate[] = ['500', '401', '403', '404', '410', '400 at whim'];

const createComputer = (seed: number, options: Options): Computer => {
  const random = createRandom(seed);
  const schedule = createSchedule(random, options.isTraced ?? false);
  const clock = { offsetMs: 0, now: () => Math.round(start + schedule.time + clock.offsetMs) };
  const hasLocks = !random.chance(0.25);
  const ledger = createLedger(schedule, clock, hasLocks);
  let lastId = 0;
  return {
    random,
    schedule,
    clock,
    ledger,
    hasLocks,
    hasWorker: hasLocks && random.chance(0.5),
    disk: createDisk(random, schedule, ledger),
    locks: createLocks(schedule),
    collector: createCollector(random, schedule, ledger, clock),
    mutation: options.mutation ?? {},
    realms: [],
    newId: prefix => `${prefix}${++lastId}`,
  };
};

const tabsOf = (computer: Computer) =>
  computer.realms.filter((realm): realm is Tab => !realm.isWorker && realm.actor.isAlive);

const visit = (computer: Computer): Tab => {
  const { random, newId } = computer;
  return openTab(computer, newId('tab'), random.chance(0.75) ? (routes[0] as string) : (routes[1] as string));
};

const newWeather = ({ random }: Computer): Weather => {
  const weather: Weather = { stored: random.pick([0, 1, 4]) };
  for (let i = random.below(4); i >= 0; i--) weather[random.pick(fates)] = 1;
  if (random.chance(0.15)) weather[random.pick(hardFates)] = 0.3;
  return weather;
};

const anyTab = (computer: Computer): Tab => {
  const tabs = tabsOf(computer);
  return tabs.length ? computer.random.pick(tabs) : visit(computer);
};

/** Within a random number of microtasks of something else. */
const flushBetweenMicrotasks = (computer: Computer) => {
  const { random } = computer;
  const realm = random.pick(computer.realms.length ? computer.realms : [anyTab(computer)]);
  const hops = random.below(24);
  const trigger = random.pick(triggers);
  realm.actor.afterNext = () => {
    let hop: Promise<void> = Promise.resolve();
    for (let i = 0; i < hops; i++) hop = hop.then(() => {});
    void hop.then(() => {
      if (realm.actor.isAlive) void realm.flush(trigger);
    });
  };
};

const silence = (computer: Computer, tab: { actor: Tab['actor'] }) => computer.ledger.silenced(tab.actor);

const actions = {
  visit: (computer: Computer) => tabsOf(computer).length < 5 && visit(computer),
  record: (computer: Computer) => anyTab(computer).record(1 + computer.random.below(5)),
  flush: (computer: Computer) => void anyTab(computer).flush(computer.random.pick(triggers)),
  'flush between microtasks': flushBetweenMicrotasks,
  everyone: (computer: Computer) => {
    for (const tab of tabsOf(computer)) computer.schedule.shortly(tab.actor, 'online', () => void tab.flush('online'));
  },
  close: (computer: Computer) => {
    const tab = anyTab(computer);
    tab.end();
    computer.schedule.kill(tab.actor);
    silence(computer, tab);
  },
  kill: (computer: Computer) => {
    const { realms, random, schedule } = computer;
    if (!realms.length) return;
    const realm = random.pick(realms);
    schedule.kill(realm.actor);
    silence(computer, realm);
  },
  'kill the browser': (computer: Computer) => {
    for (const realm of computer.realms) {
      computer.schedule.kill(realm.actor);
      silence(computer, realm);
    }
  },
  freeze: (computer: Computer) => {
    const tab = anyTab(computer);
    if (tab.actor.isFrozen) computer.schedule.thaw(tab.actor);
    else {
      computer.schedule.freeze(tab.actor);
      silence(computer, tab);
    }
  },
  'clock jumps': (computer: Computer) => {
    const jumpMs = computer.random.pick([-day, day, -3_600_000, 3_600_000, -120_000, 120_000]);
    computer.clock.offsetMs += jumpMs;
    computer.ledger.clockJumps();
    computer.schedule.note(() => `clock jumps by ${jumpMs}`);
  },
  weather: (computer: Computer) => {
    const { state } = computer.collector;
    state.weather = newWeather(computer);
    state.latencyMs = computer.random.pick([5, 50, 500, 8_000]);
  },
  flag: (computer: Computer) => {
    const flag = computer.random.weigh<Flag>({ open: 6, closed: 1, unreadable: 2, unreachable: 3 });
    computer.collector.state.flags[computer.random.pick(routes)] = flag;
  },
  disk: ({ disk, random }: Computer) => {
    disk.state.isFull = random.chance(0.5);
    disk.state.failures = random.pick([0, 0, 0.05]);
  },
  purge: (computer: Computer) => anyTab(computer).purge(),
  'purge while another opens': (computer: Computer) => {
    anyTab(computer).purge();
    computer.schedule.shortly(undefined, 'another opens', () => visit(computer));
  },
} satisfies Record<string, (computer: Computer) => unknown>;

type Action = keyof typeof actions;

const weights: Record<Action, number> = {
  visit: 4,
  record: 12,
  flush: 8,
  'flush between microtasks': 5,
  everyone: 3,
  close: 1,
  kill: 2,
  'kill the browser': 0.4,
  freeze: 2,
  'clock jumps': 0.4,
  weather: 3,
  flag: 1.5,
  disk: 0.6,
  purge: 0.4,
  'purge while another opens': 0.4,
};

const pauses = [0, 1, 5, 30, 150, 1_200, 6_000, 40_000, 1_000_000];

const act = (computer: Computer) => {
  const action = computer.random.weigh(weights);
  computer.schedule.note(() => `* ${action}`);
  actions[action](computer);
};

/** Lets happen what happens by then. @returns the number of steps */
const runUntil = async (computer: Computer, until: number): Promise<number> => {
  const { schedule, ledger } = computer;
  let isOver = false;
  schedule.after(until - schedule.time, undefined, 'pause ends', () => {
    isOver = true;
  });
  let steps = 0;
  while (!isOver && !ledger.violation && (await schedule.step())) steps++;
  return steps;
};

const calm = ({ collector, disk, random }: Computer) => {
  const { state } = collector;
  state.weather = { stored: 1 };
  state.latencyMs = 40;
  for (const route of routes) state.flags[route] = state.flags[route] === 'closed' ? 'closed' : 'open';
  disk.state.isFull = false;
  disk.state.failures = 0;
  return random;
};

/** The longest wait a server may impose, and what backing off adds to it. */
const drainMs = limits.retryAfterCapMs * 1.125 + 3 * limits.backoffCapMs;

const canGo =
  (computer: Computer) =>
  ({ route }: { route: string }) => {
    const { routes: rows } = computer.ledger;
    return !!rows.get(route) && !rows.get(route)?.stopped;
  };

const checkDrained = (computer: Computer) => {
  const { ledger } = computer;
  const waiting = ledger.waiting().filter(canGo(computer));
  ledger.must(!waiting.length, () => `stuck: ${waiting.map(({ uid }) => uid).join(' ')}`);
  for (const [key, row] of ledger.drops) {
    // Nobody tells a collector that takes nothing.
    if (!canGo(computer)(row) || ledger.routes.get(row.route)?.attempts) continue;
    ledger.must(row.reported === row.count, () => `${key}: ${row.count} lost, ${row.reported} reported at the end`);
  }
  for (const uid of ledger.accepted) ledger.must(ledger.recorded.has(uid), () => `${uid} comes from nowhere`);
};

/**
 * Faults stop, somebody visits each pool: everything that may be sent is, in bounded time and without further help. What
 * another tab has found lost meanwhile, a second visit tells.
 */
const recover = async (computer: Computer): Promise<number> => {
  const { schedule, random } = computer;
  calm(computer);
  schedule.note(() => '* faults stop');
  for (const { actor } of computer.realms) if (actor.isFrozen && random.chance(0.5)) schedule.thaw(actor);
  let steps = 0;
  for (let visits = 0; visits < 2; visits++) {
    for (const route of routes.filter(key => computer.ledger.routes.has(key))) {
      openTab(computer, computer.newId('last'), route);
      steps += await runUntil(computer, schedule.time + random.below(3_000));
    }
    steps += await runUntil(computer, schedule.time + drainMs);
  }
  if (!computer.ledger.violation) checkDrained(computer);
  return steps;
};

const isViolation = (computer: Computer) => computer.ledger.violation !== undefined;

/** One schedule. The same seed gives the same one, always. */
export const simulate = async (seed: number, options: Options = {}): Promise<Outcome> => {
  const computer = createComputer(seed, options);
  const { random, schedule, ledger, collector } = computer;
  collector.state.takesGzip = !random.chance(0.2);
  if (random.chance(0.3)) collector.state.maxBodyBytes = random.pick([700, 900, 1_300]);
  collector.state.weather = newWeather(computer);
  if (computer.hasWorker) startWorker(computer);
  const length = 4 + random.below(15);
  let steps = 0;
  try {
    for (let i = 0; i < length && !ledger.violation; i++) {
      act(computer);
      steps += await runUntil(computer, schedule.time + random.pick(pauses) * random.next());
    }
    if (!isViolation(computer)) steps += await recover(computer);
  } catch (error) {
    if (!ledger.violation) throw error;
  }
  return { seed, violation: ledger.violation, trace: schedule.trace, statistics: { ...ledger.statistics, steps } };
};
