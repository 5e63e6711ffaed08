import type { Locks } from '#src/delivery/exclusive.js';
import type { Actor, Schedule } from './schedule.js';

interface Held {
  actor: Actor;
  /** Rejects the request of the one stolen from; its callback goes on, as the specification has it. */
  steal: () => void;
}

type Callback = (lock: Lock | null) => Promise<unknown>;

/** `navigator.locks` with one lock: let go when the holder dies. */
export const createLocks = (schedule: Schedule) => {
  let held: Held | undefined;

  const request = (actor: Actor, isSteal: boolean, callback: Callback) =>
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
      schedule.shortly(actor, isSteal ? 'lock, stealing' : 'lock', () => {
        if (held && !isSteal) return answer('lock refused', false, () => {});
        held?.steal();
        const steal = () =>
          schedule.shortly(actor, 'lock stolen', () => reject(new DOMException('stolen', 'AbortError')));
        const mine: Held = { actor, steal };
        const release = () => {
          if (held === mine) held = undefined;
        };
        held = mine;
        actor.onDeath.push(release);
        answer('lock released', true, release);
      });
    });

  const managerOf = (actor: Actor): Locks => ({
    request: ((_: string, { steal }: LockOptions, callback: Callback) =>
      request(actor, steal ?? false, callback)) as Locks['request'],
  });
  return { managerOf };
};
