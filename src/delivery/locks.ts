import { limits } from './limits.js';
import { channelName } from './names.js';

export type Locks = Pick<LockManager, 'request'>;

/** Runs work under a lock, or without it when it is not granted. When it is stolen, the work goes on. */
export const underLock = async <T>(
  locks: Locks | undefined,
  name: string,
  options: LockOptions,
  work: (isGranted: boolean) => Promise<T>,
): Promise<T> => {
  let working: Promise<T> | undefined;
  const start = (lock?: unknown) => {
    working ??= work(!!lock);
    return working;
  };
  // What the work throws comes again below.
  await locks?.request(name, options, start).catch(() => {});
  return start();
};

/**
 * Who opens a route and who deletes the last one, and the database with it, wait for each other: a page would lose what it
 * records in a database that is about to go. Without Web Locks (insecure contexts), and behind one who hangs, the work is
 * done at once.
 */
export const inOrder = <T>(locks: Locks | undefined, work: () => Promise<T>): Promise<T> =>
  underLock(locks, `${channelName}/routes`, { signal: AbortSignal.timeout(limits.openingWaitMs) }, work);
