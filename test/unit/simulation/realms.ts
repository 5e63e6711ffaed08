import { createExclusively, type Exclusively } from '#src/delivery/exclusive.js';
import { limits } from '#src/delivery/limits.js';
import { inOrder } from '#src/delivery/locks.js';
import { purge } from '#src/delivery/outgoing.js';
import { createQueue, type Queue } from '#src/delivery/queue.js';
import { tell } from '#src/delivery/reports.js';
import { type Addition, type Route, type RouteOpening, toEntry } from '#src/delivery/rows.js';
import {
  createSender,
  type FlushReport,
  type Notice,
  type Sender,
  type Trigger,
  type World,
} from '#src/delivery/sender.js';
import type { Storage } from '#src/delivery/storage.js';
import { type Category, categories, type EventName, toKeyValues } from '#src/practices/index.js';
import type { Collector } from './collector.js';
import type { createDisk } from './disk.js';
import type { Ledger } from './ledger.js';
import type { createLocks } from './locks.js';
import type { Random } from './random.js';
import type { Actor, Schedule } from './schedule.js';

/** A fault put into the product on purpose, to see that the simulation finds it. */
export interface Mutation {
  storage?: (storage: Storage, now: () => number) => Storage;
  exclusively?: (exclusively: Exclusively) => Exclusively;
  world?: (world: World, storage: Storage) => World;
  /** Does not listen to what other tabs say. */
  isDeaf?: boolean;
  /** Opens a route without waiting for whoever deletes the database. */
  isImpatient?: boolean;
  /** Tells nobody what was lost. */
  isSilent?: boolean;
}

export interface Computer {
  random: Random;
  schedule: Schedule;
  ledger: Ledger;
  disk: ReturnType<typeof createDisk>;
  locks: ReturnType<typeof createLocks>;
  collector: Collector;
  clock: { now(): number; offsetMs: number };
  /** Insecure contexts have no Web Locks, and no workers. */
  hasLocks: boolean;
  hasWorker: boolean;
  mutation: Mutation;
  realms: Realm[];
  newId(prefix: string): string;
}

export interface Realm {
  actor: Actor;
  isWorker: boolean;
  flush(trigger: Trigger): Promise<FlushReport>;
  hear(notice: Notice): void;
}

export interface Tab extends Realm {
  readonly isOpen: boolean;
  /** The key of its route. */
  route: string;
  record(count: number): void;
  purge(): void;
  end(): void;
}

const nothing: FlushReport = { delivered: 0, dropped: 0, queued: 0, busy: false };

/** As outbox.ts has them. */
const nudgeDelayMs = 100;
const ackTimeoutMs = 2_000;
const reportTimeoutMs = 60_000;

const post = (computer: Computer, from: Actor, notice: Notice) => {
  for (const realm of computer.realms) {
    if (realm.actor === from || !realm.actor.isAlive) continue;
    computer.schedule.shortly(realm.actor, `hears ${notice.type}`, () => realm.hear(notice));
  }
};

const openSender = (
  computer: Computer,
  actor: Actor,
  storage: Storage,
  notify: (notice: Notice) => void,
  leave: () => Promise<void>,
): Sender => {
  const { random, clock, collector, locks, hasLocks, mutation, newId } = computer;
  const held = hasLocks ? locks.managerOf(actor) : undefined;
  const exclusively = createExclusively(storage, () => newId(actor.name), clock.now, held);
  const world: World = {
    now: clock.now,
    random: random.next,
    version: '0',
    exclusively: mutation.exclusively?.(exclusively) ?? exclusively,
    send: beacon => collector.send(actor, beacon),
    readConfiguration: url => collector.readConfiguration(actor, url),
    notify,
    inOrder: work => inOrder(held, work),
    leave,
  };
  return createSender(mutation.storage?.(storage, clock.now) ?? storage, mutation.world?.(world, storage) ?? world);
};

/** As src/worker/index.ts. */
export const startWorker = (computer: Computer): Realm => {
  const actor = computer.schedule.spawn('worker');
  let sender: Promise<Sender> | undefined;
  const cut = () => {
    sender?.then(
      open => open.cut(),
      () => {},
    );
  };
  const forget = () => {
    cut();
    sender = undefined;
  };
  const notify = (notice: Notice) => {
    post(computer, actor, notice);
    if (notice.type === 'closed') computer.ledger.heardClosed(actor, notice.route);
  };
  const connect = async () => {
    const storage = await computer.disk.open(actor, false, forget);
    const leave = async () => {
      post(computer, actor, { type: 'purged' });
      await storage.destroy();
    };
    return openSender(computer, actor, storage, notify, leave);
  };
  const realm: Realm = {
    actor,
    isWorker: true,
    flush: async trigger => {
      sender ??= connect();
      const asked = sender;
      try {
        return await (await asked).flush(trigger);
      } catch {
        if (sender === asked) sender = undefined;
        return { ...nothing, nextAttemptAt: computer.clock.now() + limits.backoffCapMs };
      }
    },
    hear: notice => {
      if (notice.type === 'closed' && !computer.mutation.isDeaf) cut();
      if (notice.type === 'purged' && !computer.mutation.isDeaf) forget();
      if (notice.type === 'closed')
        computer.schedule.after(0, actor, 'has heard', () => computer.ledger.heardClosed(actor, notice.route));
    },
  };
  computer.realms.push(realm);
  return realm;
};

const findWorker = (computer: Computer): Realm =>
  computer.realms.find(({ isWorker, actor }) => isWorker && actor.isAlive) ?? startWorker(computer);

/** As worker-link.ts: undefined when no worker answers in time. */
const askWorker = (computer: Computer, actor: Actor, trigger: Trigger) =>
  new Promise<FlushReport | undefined>(resolve => {
    const { schedule } = computer;
    const worker = findWorker(computer);
    let timeout = schedule.after(ackTimeoutMs, actor, 'worker does not answer', () => resolve(undefined));
    schedule.shortly(worker.actor, `message: ${trigger}`, () => {
      schedule.shortly(actor, 'worker heard', () => {
        timeout.cancel();
        timeout = schedule.after(reportTimeoutMs, actor, 'worker does not report', () => resolve(undefined));
      });
      void worker.flush(trigger).then(report =>
        schedule.shortly(actor, 'worker reports', () => {
          timeout.cancel();
          resolve(report);
        }),
      );
    });
  });

const kinds: readonly { event: EventName; category: Category }[] = [
  { event: 'meeting.join.attempt', category: 'usage' },
  { event: 'exception', category: 'error' },
  { event: 'meeting.census', category: 'census' },
  { event: 'meeting.usage', category: 'usage' },
  { event: 'browser.web_vital', category: 'error' },
];

const openingOf = (computer: Computer, key: string): RouteOpening => ({
  key,
  endpoint: key,
  configSrc: key,
  pool: key,
  site: '',
  surface: 'join-launcher',
  categories: [...categories],
  checkedAt: computer.clock.now(),
  skewMs: 0,
  held: false,
});

/** As standby.ts has it: queue if an earlier answer allows it, but send nothing. */
const holdInGrace = (storage: Storage, key: string, now: number) =>
  storage.transact(async tx => {
    const route = await tx.get<Route>('routes', key);
    const ageMs = now - (route?.checkedAt ?? 0);
    if (!route || ageMs < 0 || ageMs > limits.gateGraceMs) return false;
    tx.put('routes', { ...route, held: true }, key);
    return true;
  });

/** As the page: gate, recorder and outbox, without their DOM. */
export const openTab = (computer: Computer, name: string, route: string): Tab => {
  const { random, schedule, ledger, disk, clock, newId } = computer;
  const actor = schedule.spawn(name);
  const locks = computer.hasLocks ? computer.locks.managerOf(actor) : undefined;
  let state: 'opening' | 'open' | 'ended' = 'opening';
  let storage: Storage | undefined;
  let sender: Sender | undefined;
  let timer: { cancel(): void } | undefined;
  /** Losses that could not even be counted. */
  let untold: Addition['drops'] = [];

  const end = () => {
    if (state === 'ended') return;
    state = 'ended';
    timer?.cancel();
    sender?.cut();
    storage?.close();
  };
  const onNotice = (notice: Notice) => {
    if (computer.mutation.isDeaf) return;
    if (notice.type === 'purged' || (notice.type === 'closed' && notice.route === route)) end();
  };
  const notify = (notice: Notice) => {
    post(computer, actor, notice);
    onNotice(notice);
    if (notice.type === 'closed') ledger.heardClosed(actor, notice.route);
  };

  const own = (): Sender => {
    const opened = storage as Storage;
    sender ??= openSender(computer, actor, opened, notify, () => opened.destroy());
    return sender;
  };
  const flushOnce = async (trigger: Trigger): Promise<FlushReport> => {
    if (state !== 'open') return nothing;
    const byWorker = computer.hasWorker ? await askWorker(computer, actor, trigger) : undefined;
    if (byWorker || state !== 'open') return byWorker ?? nothing;
    return own()
      .flush(trigger)
      .catch(() => {
        sender = undefined;
        return { ...nothing, nextAttemptAt: clock.now() + limits.backoffCapMs };
      });
  };
  const plan = (trigger: Trigger, delayMs: number) => {
    timer?.cancel();
    if (state === 'open') {
      timer = schedule.after(
        Math.min(delayMs, limits.retryAfterCapMs),
        actor,
        `timer: ${trigger}`,
        () => void flush(trigger),
      );
    }
  };
  const flush = async (trigger: Trigger): Promise<FlushReport> => {
    timer?.cancel();
    const result = await flushOnce(trigger);
    void report();
    if (result.nextAttemptAt) plan('retry', result.nextAttemptAt - clock.now());
    return result;
  };

  const report = async () => {
    if (state !== 'open' || computer.mutation.isSilent) return;
    const by = { ...openingOf(computer, route), resources: { census: [], usage: [], error: [] }, frames: {} };
    const isNews = await tell(storage as Storage, by, clock.now(), () => newId('report')).catch(() => false);
    if (isNews) plan('recorded', nudgeDelayMs);
  };

  const add = async (addition: Addition): Promise<void> => {
    const queue = createQueue(storage as Storage);
    try {
      await queue.add(route, addition);
    } catch (error) {
      if ((error as DOMException).name !== 'QuotaExceededError') throw error;
      await flush('full');
      await queue.add(route, addition);
    }
  };

  const newEntry = () => {
    const { event, category } = random.pick(kinds);
    const padding = 'x'.repeat(random.below(random.chance(0.1) ? 600 : 60));
    const uid = newId('r');
    if (random.chance(0.03)) computer.collector.state.poison.add(uid);
    return toEntry({
      uid,
      route,
      category,
      event,
      recordedAt: clock.now(),
      attributes: toKeyValues({ 'meeting.join.id': padding, 'meeting.im.sent': random.below(9) }),
      resource: random.chance(0.1) ? toKeyValues({ 'service.name': 'other' }) : [],
    });
  };

  const record = async (count: number) => {
    const items = Array.from({ length: count }, () => ({ entry: newEntry() }));
    const addition: Addition = { items, drops: untold };
    untold = [];
    if (random.chance(0.1)) addition.drops.push({ category: 'error', reason: 'undeclared', count: 1 });
    try {
      await add(addition);
      plan('recorded', nudgeDelayMs);
    } catch {
      const lost = items.map(({ entry: { category } }) => ({ category, reason: 'storage_full' as const, count: 1 }));
      untold.push(...addition.drops, ...lost);
    }
  };

  const opened = () => {
    state = 'open';
    // A visit begins with a census record.
    void record(1);
    void flush('visit');
  };

  /** As standby.ts: a route goes, and with the last one everything. */
  const purgeRoute = async () => {
    ledger.mayPurge(route);
    try {
      await inOrder(locks, async () => {
        const other = await disk.open(actor, false, () => {});
        const { isLast } = await other.transact(tx => purge(tx, route));
        end();
        post(computer, actor, { type: 'closed', route, reason: 'purged' });
        if (!isLast) return;
        post(computer, actor, { type: 'purged' });
        await other.destroy();
      });
    } catch {
      // There is no database.
    }
  };

  const isEnded = () => state === 'ended';

  /** @returns false when there is nothing to hold */
  const enter = async (queue: Queue, isHeld: boolean): Promise<boolean> => {
    if (isHeld) return holdInGrace(queue.storage, route, clock.now());
    await queue.open(openingOf(computer, route));
    return true;
  };

  const start = async () => {
    const answer = await computer.collector.readConfiguration(actor, route);
    if (answer && !answer.enabled) return purgeRoute();
    const isHeld = !answer;
    const isIn = await inOrder(computer.mutation.isImpatient ? undefined : locks, async () => {
      storage = await disk.open(actor, !isHeld, () => onNotice({ type: 'purged' }));
      return !isEnded() && enter(createQueue(storage), isHeld);
    });
    if (isEnded()) storage?.close();
    else if (isIn) opened();
    else end();
  };

  const tab: Tab = {
    actor,
    isWorker: false,
    route,
    get isOpen() {
      return state === 'open';
    },
    flush,
    hear: notice => {
      onNotice(notice);
      if (notice.type === 'closed' && notice.route === route) ledger.heardClosed(actor, route);
    },
    record: count => {
      if (state === 'open') void record(count);
    },
    purge: () => void purgeRoute(),
    end,
  };
  computer.realms.push(tab);
  start().catch(end);
  return tab;
};
