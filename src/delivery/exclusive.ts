import { limits } from './limits.js';
import type { Queue } from './queue.js';
import { isPending } from './retry.js';

const lockName = 'meeting-join-telemetry';

interface Lease {
  holder: string;
  until: number;
}

/** Proof of being the one sender. */
export interface Turn {
  /** Holds on for another `limits.leaseMs`. @returns false when somebody else has taken over: send nothing more */
  renew(): Promise<boolean>;
}

/** Runs work while no other tab or worker of this origin does. @returns undefined when another one is at it */
export type Exclusively = <T>(work: (turn: Turn) => Promise<T>) => Promise<T | undefined>;

/** The lock of this origin, or, in insecure contexts that have none, always granted: the lease alone decides. */
export type Lock = <T>(steal: boolean, work: (granted: boolean) => Promise<T>) => Promise<T>;

export const webLock: Lock = (steal, work) =>
  typeof navigator.locks === 'object'
    ? (navigator.locks.request(lockName, steal ? { steal } : { ifAvailable: true }, lock => work(!!lock)) as never)
    : work(true);

/**
 * One sender at a time. The Web Lock is let go the moment its holder dies, so it decides; the lease in the database
 * covers what the lock does not: a holder that is frozen (it is stolen from) and contexts without locks.
 */
export const createExclusively = (
  queue: Pick<Queue, 'remember'>,
  lock: Lock,
  holder: string,
  now: () => number,
  lockDecides: boolean,
): Exclusively => {
  const claim = async (isAllowed: (lease: Lease | undefined) => boolean) => {
    const lease = await queue.remember<Lease>('lease', current =>
      isAllowed(current) ? { holder, until: now() + limits.leaseMs } : undefined,
    );
    return lease?.holder === holder;
  };
  const isFree = (lease: Lease | undefined) => !lease || lease.holder === holder || !isPending(lease.until, now());
  const release = () =>
    queue.remember<Lease>('lease', lease => (lease?.holder === holder ? { holder: '', until: 0 } : undefined));
  const turn: Turn = { renew: () => claim(lease => lease?.holder === holder) };

  return async work => {
    const inTurn = async (granted: boolean) => {
      if (!granted || !(await claim(lease => lockDecides || isFree(lease)))) return undefined;
      try {
        return { done: await work(turn) };
      } finally {
        // A purge may have deleted the lease with everything else.
        await release().catch(() => {});
      }
    };
    const first = await lock(false, inTurn);
    if (first || !lockDecides) return first?.done;
    const lapsed = await claim(isFree);
    return lapsed ? (await lock(true, inTurn))?.done : undefined;
  };
};
