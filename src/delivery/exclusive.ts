/**
 * One sender at a time across tabs and worker. The Web Lock is let go the moment its holder dies, so where there is one
 * it decides. A lease in the database covers the rest: a holder that is frozen with the lock in its hand (it is stolen
 * from when the lease has lapsed), and insecure contexts, which have no locks.
 */
import { limits } from './limits.js';
import { type Locks, underLock } from './locks.js';
import { channelName } from './names.js';
import { isPending } from './retry.js';
import type { Storage } from './storage.js';

/** Asked before each request. @returns false when somebody else has taken over: send nothing more */
export type Renew = () => Promise<boolean>;

/** Runs work while nobody else of this origin does. @returns false when somebody is at it */
export type Exclusively = (work: (renew: Renew) => Promise<unknown>) => Promise<boolean>;

interface Lease {
  /** '' when it was given back. */
  holder: string;
  until: number | '';
}

/** A holder of the lock that has no lease: it is about to take one, or has just given it back. */
const unknown = '?';

/**
 * @param newHolder makes names that nobody has had, one for each turn: what is left of a turn that was lost must not pass
 * for the next one
 */
export const createExclusively =
  (storage: Storage, newHolder: () => string, now: () => number, locks: Locks | undefined): Exclusively =>
  async work => {
    const mine = newHolder();
    /** @param next who has the lease from now on; undefined leaves it. @returns whether it is ours */
    const lease = (next: (current: string | undefined, isHeld: boolean) => string | undefined) =>
      storage.transact(async tx => {
        const current = await tx.get<Lease>('meta', 'lease');
        const name = next(current?.holder, isPending(current?.until || 0, now()));
        if (name !== undefined) tx.put('meta', { holder: name, until: name && now() + limits.leaseMs }, 'lease');
        return name === mine;
      });
    const ifMine = (name: string) => (current: string | undefined) => (current === mine ? name : undefined);

    const inTurn = async (isGranted: boolean) => {
      if (!isGranted || !(await lease((_, isHeld) => (locks || !isHeld ? mine : undefined)))) return false;
      try {
        await work(() => lease(ifMine(mine)));
      } finally {
        // A purge may have deleted the lease with everything else.
        await lease(ifMine('')).catch(() => {});
      }
      return true;
    };
    if (!locks) return inTurn(true);
    if (await underLock(locks, channelName, { ifAvailable: true }, inTurn)) return true;
    const hasLapsed = await lease((current, isHeld) => (isHeld ? undefined : current ? mine : unknown));
    return hasLapsed && underLock(locks, channelName, { steal: true }, inTurn);
  };
