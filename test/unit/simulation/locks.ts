import { limits } from '#src/delivery/limits.js';
import type { Locks } from '#src/delivery/locks.js';
import type { Actor, Schedule } from './schedule.js';

interface Held {
  actor: Actor;
  /** Rejects the request of the one stolen from; its callback goes on, as the specification has it. */
  steal: () => void;
}

type Callback = (lock: Lock | null) => Promise<unknown>;

const aborted = (why: string) => new DOMException(why, 'AbortError');

/** One lock of `navigator.locks`: let go when the holder dies. */
const createLock = (schedule: Schedule) => {
  let held: Held | undefined;
  let waiting: (() => void)[] = [];

  const hold = (actor: Actor, steal: () => void) => {
    const mine: Held = { actor, steal };
    held = mine;
    const release = () => {
      if (held !== mine) return;
      held = undefined;
      waiting.shift()?.();
    };
    actor.onDeath.push(release);
    return release;
  };

  return (actor: Actor, { steal: isSteal, ifAvailable }: LockOptions, callback: Callback) =>
    new Promise<unknown>((resolve, reject) => {
      const answer = (label: string, isGranted: boolean, release: () => void) => {
        const settle =
          <T>(fate: (value: T) => void) =>
          (value: T) => {
            release();
            schedule.shortly(actor, label, () => fate(value));
          };
        callback(isGranted ? { name: '', mode: 'exclusive' } : null).then(settle(resolve), settle(reject));
      };
      const grant = () => {
        const stolen = () => schedule.shortly(actor, 'lock stolen', () => reject(aborted('stolen')));
        answer('lock released', true, hold(actor, stolen));
      };
      const wait = () => {
        const turn = () => {
          timeout.cancel();
          if (actor.isAlive) grant();
          else waiting.shift()?.();
        };
        // The real one's `signal`: a timer of this computer, which no simulated time moves.
        const timeout = schedule.after(limits.openingWaitMs, actor, 'lock not granted', () => {
          waiting = waiting.filter(other => other !== turn);
          reject(aborted('timeout'));
        });
        waiting.push(turn);
      };
      schedule.shortly(actor, isSteal ? 'lock, stealing' : 'lock', () => {
        if (!held) return grant();
        if (ifAvailable) return answer('lock refused', false, () => {});
        if (!isSteal) return wait();
        held.steal();
        grant();
      });
    });
};

export const createLocks = (schedule: Schedule) => {
  const locks = new Map<string, ReturnType<typeof createLock>>();
  const lockOf = (name: string) => {
    const lock = locks.get(name) ?? createLock(schedule);
    locks.set(name, lock);
    return lock;
  };
  const managerOf = (actor: Actor): Locks => ({
    request: ((name: string, options: LockOptions, callback: Callback) =>
      lockOf(name)(actor, options, callback)) as Locks['request'],
  });
  return { managerOf };
};
