import type { Random } from './random.js';

/** A realm of the browser: a tab or the service worker. What a dead one awaits never comes. */
export interface Actor {
  name: string;
  isAlive: boolean;
  isFrozen: boolean;
  /** True time of the last freeze or thaw. */
  disturbedAt: number;
  /** Runs in the same task as this realm's next happening, so that calls land between two of its microtasks. */
  afterNext?: (() => void) | undefined;
  onDeath: (() => void)[];
}

interface Happening {
  at: number;
  actor: Actor | undefined;
  label: string;
  run: () => void;
}

export interface Schedule {
  /** True milliseconds since the start; no clock of the computer shows them. */
  readonly time: number;
  /** Lets something happen, unless the actor dies first; a frozen one gets it when it thaws. */
  after(delayMs: number, actor: Actor | undefined, label: string, run: () => void): { cancel(): void };
  /** What a storage, a lock or a message takes: mostly little. */
  shortly(actor: Actor | undefined, label: string, run: () => void): void;
  /** Lets the next thing happen, and everything that follows from it. @returns false when nothing is left */
  step(): Promise<boolean>;
  spawn(name: string): Actor;
  kill(actor: Actor): void;
  freeze(actor: Actor): void;
  thaw(actor: Actor): void;
  note(line: () => string): void;
  readonly trace: string[];
}

/** Every await of the code under test hangs on a happening or follows from one in microtasks; this runs those dry. */
const settle = () => new Promise<void>(resolve => setImmediate(resolve));

export const createSchedule = (random: Random, isTraced: boolean): Schedule => {
  let pending: Happening[] = [];
  let time = 0;
  const trace: string[] = [];
  const note = (line: () => string) => {
    if (isTraced) trace.push(`${String(Math.round(time)).padStart(9)}  ${line()}`);
  };

  const takeNext = (): Happening | undefined => {
    let next: Happening | undefined;
    for (const happening of pending) {
      if (!happening.actor?.isFrozen && (!next || happening.at < next.at)) next = happening;
    }
    if (next) pending.splice(pending.indexOf(next), 1);
    return next;
  };

  const after: Schedule['after'] = (delayMs, actor, label, run) => {
    const happening = { at: time + Math.max(0, delayMs) + random.next() * 0.01, actor, label, run };
    if (actor?.isAlive !== false) pending.push(happening);
    return {
      cancel: () => {
        const index = pending.indexOf(happening);
        if (index >= 0) pending.splice(index, 1);
      },
    };
  };

  const disturb = (actor: Actor, isFrozen: boolean) => {
    actor.isFrozen = isFrozen;
    actor.disturbedAt = time;
    note(() => `${actor.name} ${isFrozen ? 'freezes' : 'thaws'}`);
  };

  return {
    get time() {
      return time;
    },
    after,
    shortly: (actor, label, run) => {
      after(random.chance(0.02) ? random.next() * 3_000 : random.next() * 6, actor, label, run);
    },
    step: async () => {
      const next = takeNext();
      if (!next) return false;
      time = Math.max(time, next.at);
      note(() => `${next.actor?.name ?? '-'}: ${next.label}`);
      next.run();
      const extra = next.actor?.afterNext;
      if (next.actor && extra) {
        next.actor.afterNext = undefined;
        extra();
      }
      await settle();
      return true;
    },
    spawn: name => ({ name, isAlive: true, isFrozen: false, disturbedAt: Number.NEGATIVE_INFINITY, onDeath: [] }),
    kill: actor => {
      if (!actor.isAlive) return;
      note(() => `${actor.name} dies`);
      actor.isAlive = false;
      pending = pending.filter(happening => happening.actor !== actor);
      for (const hook of actor.onDeath) hook();
    },
    freeze: actor => disturb(actor, true),
    thaw: actor => disturb(actor, false),
    note,
    trace,
  };
};
