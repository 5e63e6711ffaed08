import type { JoinAttempt } from './instrument.js';

/**
 * Ends the attempt as the page's own work ends, and changes nothing about that work.
 *
 * A function's promise is handed on, rejection and all. A promise comes back as it is (same object, same methods):
 * whoever holds it handles it, so the copy that we watch must not raise a second `unhandledrejection`.
 */
export const trackJoin = <T>(attempt: JoinAttempt, work: PromiseLike<T> | (() => T | PromiseLike<T>)): Promise<T> => {
  const watch = (promise: Promise<T>) =>
    promise.then(
      value => {
        attempt.succeed();
        return value;
      },
      error => {
        attempt.fail(error);
        throw error;
      },
    );
  if (typeof work === 'function') return watch(new Promise(resolve => resolve(work())));
  watch(Promise.resolve(work)).catch(() => {});
  return work as Promise<T>;
};
