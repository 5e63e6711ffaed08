/**
 * One sender at a time across tabs and worker. The Web Lock is let go the moment its holder dies; contexts without
 * locks are insecure ones, which have no worker either: there a lease in the database takes turns.
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

export const byLock: Exclusively = work =>
  navigator.locks.request(channelName, { ifAvailable: true }, lock =>
    lock ? work(async () => true) : undefined,
  ) as ReturnType<typeof work>;

interface Lease {
  holder: string;
  until: number;
}

/** @param holder unique to this sender */
export const byLease = (storage: Storage, holder: string, now: () => number): Exclusively => {
  const claim = (isMine: (lease: Lease | undefined) => boolean, until: number) =>
    remember<Lease>(storage, 'lease', lease => (isMine(lease) ? { holder, until } : undefined));
  const isHeld = (lease: Lease | undefined) => lease?.holder === holder;
  const isFree = (lease: Lease | undefined) => !isPending(lease?.until ?? 0, now());
  return async work => {
    if (!isHeld(await claim(isFree, now() + limits.leaseMs))) return undefined;
    try {
      return await work(async () => isHeld(await claim(isHeld, now() + limits.leaseMs)));
    } finally {
      // A purge may have deleted the lease with everything else.
      await claim(isHeld, 0).catch(() => {});
    }
  };
};
