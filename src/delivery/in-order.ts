import type { Locks } from './exclusive.js';
import { limits } from './limits.js';
import { channelName } from './names.js';

/**
 * Who opens a route and who deletes the last one, and the database with it, wait for each other: a page would lose what it
 * records in a database that is about to go. Without Web Locks (insecure contexts), and behind one who hangs, the work is
 * done at once.
 */
export const inOrder = async <T>(locks: Locks | undefined, work: () => Promise<T>): Promise<T> => {
  let working: Promise<T> | undefined;
  const start = () => {
    working ??= work();
    return working;
  };
  const signal = AbortSignal.timeout(limits.openingWaitMs);
  await locks?.request(`${channelName}/routes`, { signal }, start).catch(() => {});
  return start();
};
