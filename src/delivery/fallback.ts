import type { Storage } from './storage.js';

/** A full disk is answered by evicting; a deleted queue stays deleted. Everything else IndexedDB throws is its end. */
const isBroken = (error: unknown) =>
  error instanceof DOMException && error.name !== 'QuotaExceededError' && error.name !== 'NotFoundError';

/**
 * A storage that goes on in another one when it breaks.
 * @param fall makes the other one, once, with what it must know before anything else
 */
export const withFallback = (primary: Storage, fall: () => Promise<Storage>): Storage => {
  let fallen: Promise<Storage> | undefined;
  return {
    get durable() {
      return !fallen;
    },
    transact: async work => {
      try {
        if (!fallen) return await primary.transact(work);
      } catch (error) {
        if (!isBroken(error)) throw error;
        fallen ??= fall();
      }
      return (await fallen).transact(work);
    },
    destroy: () => primary.destroy(),
    close: () => primary.close(),
  };
};
