import type { Storage } from './storage.js';

/**
 * Reads and replaces one value of the `meta` table in one transaction.
 * @param next undefined leaves the value as it is
 * @returns the value after
 */
export const remember = <T>(
  storage: Storage,
  name: string,
  next: (value: T | undefined) => T | undefined,
): Promise<T | undefined> =>
  storage.transact(async tx => {
    const value = await tx.get<T>('meta', name);
    const changed = next(value);
    if (changed !== undefined) tx.put('meta', changed, name);
    return changed ?? value;
  });
