/**
 * One sender at a time across tabs and worker. The Web Lock is let go the moment its holder dies, so where there is one
 * it decides. A lease in the database covers the rest: a holder that is frozen with the lock in its hand (it is stolen
 * from when the lease has lapsed), and insecure contexts, which have no locks.
 */
import { limits } from './limits.js';
import { remember } from './meta.js';
import { channelName } from './names.js';
import { isPending } from './retry.js';
import type { Storage } from './storage.js';

/** Asked before each request. @returns false when somebody else has taken over: send nothing more */
export type Renew = () => Promise<boolean>;

/** Runs work while nobody else of this origin does. @returns undefined when somebody is at it */
export type Exclusively = <T>(work: (renew: Renew) => Promise<T>) => Promise<T | undefined>;

export type Locks = Pick<LockManager, 'request'>;

interface Lease {
  holder: string;
  until: number;
}

/** A holder of the lock that has no lease: it is about to take one, or has just given it back. */
const unknown = '?';

/**
 * Runs work under the lock of this origin, or without it when somebody holds it. When it is stolen, the work goes on
 * until it asks whether it may.
 */
const withLock = async <T>(locks: Locks, steal: boolean, work: (granted: boolean) => Promise<T>) => {
  let working: Promise<T> | undefined;
  const start = (lock: unknown) => {
    working = work(!!lock);
    return working;
  };
  await locks.request(channelName, steal ? { steal } : { ifAvailable: true }, start).catch(error => {
    if (!working) throw error;
  });
  return working;
};

/** @param holder unique to this sender */
export const createExclusively = (
  storage: Storage,
  holder: string,
  now: () => number,
  locks: Locks | undefined,
): Exclusively => {
  let turns = 0;
  const isHeld = (lease: Lease | undefined) => isPending(lease?.until ?? 0, now());

  return async work => {
    // What is left of a turn that was lost must not pass for the next one.
    const mine = `${holder}/${++turns}`;
    /** @param next who has the lease from now on; undefined leaves it. @returns whether it is ours */
    const lease = async (next: (lease: Lease | undefined) => string | undefined) => {
      const after = await remember<Lease>(storage, 'lease', current => {
        const name = next(current);
        return name === undefined ? name : { holder: name, until: name ? now() + limits.leaseMs : 0 };
      });
      return after?.holder === mine;
    };
    const ifMine = (name: string) => (current: Lease | undefined) => (current?.holder === mine ? name : undefined);

    const inTurn = async (granted: boolean) => {
      if (!granted || !(await lease(current => (locks || !isHeld(current) ? mine : undefined)))) return undefined;
      try {
        return { done: await work(() => lease(ifMine(mine))) };
      } finally {
        // A purge may have deleted the lease with everything else.
        await lease(ifMine('')).catch(() => {});
      }
    };
    if (!locks) return (await inTurn(true))?.done;
    const first = await withLock(locks, false, inTurn);
    if (first) return first.done;
    const hasLapsed = await lease(current => (isHeld(current) ? undefined : current?.holder ? mine : unknown));
    return hasLapsed ? (await withLock(locks, true, inTurn))?.done : undefined;
  };
};
