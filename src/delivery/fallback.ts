import { isQuotaExceeded, type Storage } from './storage.js';

/** A full disk is answered by evicting; a deleted queue stays deleted, and is no DOMException. All else is the end. */
const isBroken = (error: unknown) => error instanceof DOMException && !isQuotaExceeded(error);

/**
 * A storage that goes on in another one when it breaks.
 * @param fall makes the other one, once, with what it must know before anything else
 */
export const withFallback = (primary: Storage, fall: () => Promise<Storage>): Storage => {
  let fallen: Promise<Storage> | undefined;
  return {
    ...primary,
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
  };
};
