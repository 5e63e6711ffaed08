import { limits } from '#src/delivery/limits.js';
import type { Answer } from '#src/delivery/outcomes.js';
import type { Entry, Posted, Route, Size } from '#src/delivery/rows.js';
import type { LogRecord } from '#src/practices/index.js';
import type { Changes, DiskObserver } from './disk.js';
import type { Actor, Schedule } from './schedule.js';

/** Losses of a route, by category and reason. */
interface Drops {
  route: string;
  count: number;
  /** How many of them stand in a `telemetry.dropped` record. */
  reported: number;
}

const dropsOf = ({ key: route, kept = {} }: Route): [string, Drops][] =>
  Object.entries(kept).flatMap(([category, { lost, untold }]) =>
    Object.entries(lost).map(([reason, count]): [string, Drops] => [
      `${route}|${category}|${reason}`,
      { route, count, reported: count - (untold[reason] ?? 0) },
    ]),
  );

/** A beacon, from the call of `fetch` to its end on the client's side. */
export interface Request {
  actor: Actor;
  route: string;
  uids: string[];
  startedAt: number;
  isOnTheWire: boolean;
}

interface Deadline {
  until: number;
  actor: Actor;
  /** Has the one who heard it written it down? */
  isPersisted: boolean;
}

/** Longer than a lease and a request: after that a disturbance excuses nothing. */
const excuseMs = 70_000;

const attributeOf = (entry: Entry, name: string) =>
  entry.record.attributes.find(({ key }) => key === `telemetry.dropped.${name}`)?.value;

const isPosted = (row: Entry | Posted): row is Posted => 'addition' in row;
const entriesIn = (row: Entry | Posted): Entry[] =>
  isPosted(row) ? row.addition.items.map(({ entry }) => entry) : [row];

const isReport = (entry: Entry) => entry.record.eventName === 'telemetry.dropped';
const countIn = (entry: Entry) => Number(attributeOf(entry, 'count')?.intValue);
const reasonIn = (entry: Entry) => `${attributeOf(entry, 'reason')?.stringValue}`;
const keyOfReport = (entry: Entry) => `${entry.route}|${entry.category}|${reasonIn(entry)}`;
const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);

/** What the page counted. */
const sumIn = (entry: Entry) =>
  Number(entry.record.attributes.find(({ key }) => key === 'meeting.im.sent')?.value.intValue ?? 0);

/** Counts that differ by nothing but ids and numbers add up; written again, as below. */
const likenessOf = ({ uid, lane, resource, record }: Entry) =>
  /^(meeting\.census|meeting\.usage)$/.test(record.eventName)
    ? JSON.stringify([lane, resource, record.attributes.find(({ key }) => key === 'meeting.join.id')])
    : uid;

const groupAlike = (entries: Entry[]): [Entry, ...Entry[]][] => {
  const groups = new Map<string, [Entry, ...Entry[]]>();
  for (const entry of entries) {
    const group = groups.get(likenessOf(entry));
    if (group) group.push(entry);
    else groups.set(likenessOf(entry), [entry]);
  }
  return [...groups.values()];
};

/** What `Retry-After` asks for, written again so that the product's own reading is not its own witness. */
const askedWaitMs = (header: string | null, now: number): number => {
  if (header === null) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) || header.startsWith('-') ? 0 : Math.min(Math.max(0, ms), limits.retryAfterCapMs);
};

/**
 * Watches disk and wire, and knows what must hold:
 * - a record leaves the queue only when the collector has it, when its loss is counted, or by a purge, each in the very
 *   transaction that removes it; accepted ∪ queued ∪ counted ∪ purged = recorded;
 * - the size beside the queue is exact; of no loss more is reported than was counted;
 * - one sender at a time on the wire; nothing before a deadline the server has set; nothing after a purge.
 */
export const createLedger = (schedule: Schedule, clock: { now(): number }, hasLocks: boolean) => {
  let violation: string | undefined;
  const queue = new Map<number, Entry | Posted>();
  const drops = new Map<string, Drops>();
  const routes = new Map<string, Route>();
  let size: Size = { entries: 0, bytes: 0 };
  let lastSeq = 0;
  let disturbedAt = Number.NEGATIVE_INFINITY;
  let requests: Request[] = [];
  const recorded = new Set<string>();
  const accepted = new Set<string>();
  const purged = new Set<string>();
  const deadlines = new Map<string, Deadline>();
  /** Who has heard that which routes are closed, and they have not been opened again. */
  const closedFor = new Map<Actor, Set<string>>();
  /** Flags read as closed, or purges asked for, since the route was last opened. */
  const mayPurge = new Set<string>();
  const told = new Map<string, number>();
  const statistics = { requests: 0, records: 0, purged: 0, counted: 0, duplicates: 0 };

  const violate = (what: string): never => {
    violation ??= what;
    schedule.note(() => `VIOLATION: ${what}`);
    throw new Error(what);
  };
  const must = (holds: boolean, what: () => string) => {
    if (!holds) violate(what());
  };

  const purgeEntry = (entry: Entry) => {
    purged.add(entry.uid);
    statistics.purged++;
  };
  const purgeRow = (seq: number, row: Entry | Posted) => {
    queue.delete(seq);
    entriesIn(row).forEach(purgeEntry);
  };

  const forgetDrops = (route: string) => {
    for (const key of drops.keys()) if (drops.get(key)?.route === route) drops.delete(key);
    for (const key of told.keys()) if (key.startsWith(`${route}|`)) told.delete(key);
  };

  /** Of a transaction that deletes a route: everything of it goes, and for a reason. */
  const applyPurge = (actor: Actor, key: string, changes: Changes) => {
    must(mayPurge.has(key) || !routes.has(key), () => `${actor.name} purges ${key} though nobody closed it`);
    const gone = new Set(changes.removed);
    for (const [seq, row] of queue) {
      if (row.route !== key) continue;
      must(gone.has(seq), () => `the purge of ${key} leaves row ${seq} behind`);
      purgeRow(seq, row);
    }
    routes.delete(key);
    deadlines.delete(key);
    forgetDrops(key);
  };

  const applyRoute = (actor: Actor, key: string, route: Route) => {
    if (!routes.has(key)) for (const heard of closedFor.values()) heard.delete(key);
    routes.set(key, route);
    for (const [name, loss] of dropsOf(route)) drops.set(name, loss);
    const deadline = deadlines.get(key);
    if (deadline?.actor === actor) deadline.isPersisted = true;
  };

  const applyDeletion = (actor: Actor, changes: Changes, table: string, key: string) => {
    if (table === 'routes') applyPurge(actor, key, changes);
  };

  const applyPut = (actor: Actor, { table, key, value }: Changes['put'][number]) => {
    if (table === 'routes') applyRoute(actor, `${key}`, value as Route);
    if (table === 'meta' && key === 'size') size = value as Size;
  };

  const recordEntry = (entry: Entry) => {
    must(!recorded.has(entry.uid), () => `${entry.uid} is queued twice`);
    recorded.add(entry.uid);
    statistics.records++;
    if (isReport(entry)) told.set(keyOfReport(entry), (told.get(keyOfReport(entry)) ?? 0) + countIn(entry));
  };

  /** @param sorted uids that only move, from what was posted to a place of their own */
  const append = (row: Entry | Posted, sorted: ReadonlySet<string>) => {
    queue.set(++lastSeq, row);
    for (const entry of entriesIn(row)) if (isPosted(row) || !sorted.has(entry.uid)) recordEntry(entry);
  };

  /** What was posted and has no place of its own now: gone with its route, or lost, which must be counted. */
  const goesWithRoute = (entry: Entry) => {
    const isGone = !routes.has(entry.route);
    if (isGone) purgeEntry(entry);
    return isGone;
  };

  const takePosted = (changes: Changes): Posted[] => {
    const posted: Posted[] = [];
    for (const seq of changes.removed) {
      const row = queue.get(seq);
      if (!row || !isPosted(row)) continue;
      posted.push(row);
      queue.delete(seq);
    }
    return posted;
  };

  /** Counts that are alike have become one. @returns what has no place, and has not been added to what has one */
  const addUp = (entries: Entry[], changes: Changes): Entry[] => {
    const placed = new Map(changes.appended.flatMap(row => (isPosted(row) ? [] : [[row.uid, row]])));
    return groupAlike(entries).flatMap(([first, ...others]) => {
      for (const { uid } of others) recorded.delete(uid);
      const place = placed.get(first.uid);
      if (!place) return [first];
      const expected = sum([first, ...others].map(sumIn));
      must(sumIn(place) === expected, () => `${first.uid} says ${sumIn(place)}, ${expected} was counted`);
      return [];
    });
  };

  /** What was posted goes to places of its own, in one transaction; or its route is gone, and it goes too. */
  const sortIn = (changes: Changes) => {
    const placed = new Set(changes.appended.flatMap(row => (isPosted(row) ? [] : [row.uid])));
    const posted = takePosted(changes);
    const entries = posted.flatMap(entriesIn);
    const sorted = new Set(entries.filter(({ uid }) => placed.has(uid)).map(({ uid }) => uid));
    const lost = addUp(
      entries.filter(entry => placed.has(entry.uid) || !goesWithRoute(entry)),
      changes,
    );
    const handedIn = posted.flatMap(({ route, addition }) => addition.drops.map(({ count }) => ({ route, count })));
    return { sorted, handedIn: [...handedIn, ...lost.map(({ route }) => ({ route, count: 1 }))] };
  };

  const takeRemoved = (changes: Changes): Entry[] => {
    const removed: Entry[] = [];
    for (const seq of changes.removed) {
      const row = queue.get(seq);
      if (row && !isPosted(row)) removed.push(row);
      queue.delete(seq);
    }
    return removed;
  };

  const checkLosses = (actor: Actor, removed: Entry[], counted: number, handedIn: number) => {
    const lost = removed.filter(entry => !isReport(entry) && !accepted.has(entry.uid));
    must(
      lost.length + handedIn <= counted,
      () => `${actor.name} loses ${lost.map(({ uid }) => uid)}, is handed ${handedIn} and counts ${counted}`,
    );
    must(
      counted <= removed.length + handedIn,
      () => `${actor.name} counts ${counted} losses, of ${removed.length} removed and ${handedIn} handed in`,
    );
    statistics.counted += counted;
  };

  const checkReported = () => {
    for (const [key, { reported, count }] of drops) {
      must(reported >= 0 && reported <= count, () => `${key}: ${reported} of ${count} losses reported`);
      must(reported === (told.get(key) ?? 0), () => `${key}: ${reported} reported, records say ${told.get(key)}`);
    }
  };

  const checkSize = () => {
    const entries = [...queue.values()].filter(row => !isPosted(row)).flatMap(entriesIn);
    const bytes = sum(entries.map(entry => entry.bytes));
    must(
      size.entries === entries.length && size.bytes === bytes,
      () => `the size says ${size.entries} entries of ${size.bytes} bytes, there are ${entries.length} of ${bytes}`,
    );
  };

  const countOf = (rows: Map<string, Drops>) => sum([...rows.values()].map(({ count }) => count));

  const committed: DiskObserver['committed'] = (actor, changes) => {
    const purgedRoutes = changes.deleted.filter(({ table }) => table === 'routes').map(({ key }) => key);
    const before = new Map([...drops].filter(([, { route }]) => !purgedRoutes.includes(route)));
    const { sorted, handedIn } = sortIn(changes);
    for (const row of changes.appended) append(row, sorted);
    // A purge first sorts in what was posted, so what it deletes may have been put by itself.
    for (const put of changes.put) applyPut(actor, put);
    for (const { table, key } of changes.deleted) applyDeletion(actor, changes, table, `${key}`);
    const removed = takeRemoved(changes);
    if (!changes.removed.length && !changes.appended.length && !changes.put.some(({ table }) => table === 'routes'))
      return;
    const heard = sum(handedIn.filter(({ route }) => routes.has(route)).map(({ count }) => count));
    checkLosses(actor, removed, countOf(drops) - countOf(before), heard);
    checkReported();
    checkSize();
  };

  const destroyed = (actor: Actor) => {
    // Without locks nobody can keep a tab from opening a route meanwhile; a frozen one has let the others wait too long.
    const mayLose = !hasLocks || isExcused(actor);
    must(!routes.size || mayLose, () => `${actor.name} deletes the database with ${[...routes.keys()]} in it`);
    for (const [seq, row] of queue) purgeRow(seq, row);
    drops.clear();
    told.clear();
    routes.clear();
    deadlines.clear();
    size = { entries: 0, bytes: 0 };
    lastSeq = 0;
    disturbedAt = schedule.time;
  };

  const forgetUnpersisted = (actor: Actor) => {
    for (const [route, deadline] of deadlines) {
      if (deadline.actor === actor && !deadline.isPersisted) deadlines.delete(route);
    }
  };

  const isExcused = (...actors: Actor[]) =>
    actors.some(actor => actor.isFrozen) ||
    schedule.time - Math.max(disturbedAt, ...actors.map(actor => actor.disturbedAt)) < excuseMs;

  const checkAlone = (actor: Actor) => {
    for (const other of requests) {
      if (!other.isOnTheWire || !other.actor.isAlive || isExcused(actor, other.actor)) continue;
      violate(`${actor.name} sends while ${other.actor.name} does`);
    }
  };

  const checkDeadline = (actor: Actor, route: string) => {
    const deadline = deadlines.get(route);
    if (!deadline || deadline.until <= schedule.time) return;
    if (!deadline.isPersisted && deadline.actor !== actor) return;
    violate(
      `${actor.name} sends to ${route} ${Math.round(deadline.until - schedule.time)} ms before the server's deadline`,
    );
  };

  const checkGate = (actor: Actor, key: string, heardClosed: boolean) => {
    must(!heardClosed, () => `${actor.name} sends for ${key} after it has heard that it is closed`);
    const route = routes.get(key);
    if (!route || isExcused(actor)) return;
    const ageMs = clock.now() - route.checkedAt;
    must(ageMs <= limits.gateMaxAgeMs + excuseMs, () => `${actor.name} sends for ${key} on a flag ${ageMs} ms old`);
    must(!route.stopped, () => `${actor.name} sends to ${key}, which is gone for good`);
  };

  return {
    get violation() {
      return violation;
    },
    violate,
    must,
    committed,
    destroyed,
    failed: forgetUnpersisted,
    /** Every entry of the queue, those posted included. */
    waiting: () => [...queue.values()].flatMap(entriesIn),
    drops,
    routes,
    accepted,
    recorded,
    purged,
    statistics,

    mayPurge: (route: string) => mayPurge.add(route),
    flagRead: (route: string, isOpen: boolean) => {
      if (!isOpen) mayPurge.add(route);
    },
    clockJumps: () => {
      deadlines.clear();
      disturbedAt = schedule.time;
    },
    /** Dead or frozen before it wrote down what it heard: nobody else can know. */
    silenced: forgetUnpersisted,

    requestStarts: (actor: Actor, route: string, uids: string[]): Request => {
      requests = requests.filter(request => request.isOnTheWire);
      checkAlone(actor);
      checkDeadline(actor, route);
      checkGate(actor, route, closedFor.get(actor)?.has(route) ?? false);
      const request: Request = { actor, route, uids, startedAt: schedule.time, isOnTheWire: true };
      requests.push(request);
      statistics.requests++;
      return request;
    },

    heard: (actor: Actor, route: string, answer: Answer) => {
      if (!answer || ![429, 503].includes(answer.status)) return;
      const until = schedule.time + askedWaitMs(answer.retryAfter, clock.now());
      deadlines.set(route, { until, actor, isPersisted: false });
    },

    accept: (records: LogRecord[]) => {
      for (const record of records) {
        const uid = record.attributes[0]?.value.stringValue ?? '';
        must(recorded.has(uid), () => `the collector gets ${uid}, which nobody recorded`);
        if (accepted.has(uid)) statistics.duplicates++;
        accepted.add(uid);
      }
    },

    /** After the handlers of the notice have run. */
    heardClosed: (actor: Actor, route: string) => {
      const heard = closedFor.get(actor) ?? new Set();
      if (!routes.has(route)) closedFor.set(actor, heard.add(route));
      for (const request of requests) {
        must(
          !(request.isOnTheWire && request.actor === actor && request.route === route),
          () => `${actor.name} has heard that ${route} is closed and goes on sending`,
        );
      }
    },
  };
};

export type Ledger = ReturnType<typeof createLedger>;
