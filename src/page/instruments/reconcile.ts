import type { OpenAttempt, RecordEvent } from './instrument.js';
import { lockOf, toEvent } from './join.js';

/** Without Web Locks (insecure contexts) nobody can tell whether another tab lives: then only time can. */
const orphanAgeMs = 3_600_000;

/**
 * Gives every attempt whose page died its result `unknown`. Its record carries the attempt's own time, so that both
 * stand in the same window of a summary. Call it once when a session opens.
 * @param open the journal: attempts of this page and of other tabs, dead or alive
 */
export const reconcile = async (record: RecordEvent, open: OpenAttempt[]): Promise<void> => {
  const { locks } = navigator as { locks?: LockManager };
  for (const { id, at, attributes } of open) {
    const close = () =>
      record({ ...toEvent('result', at, { ...attributes, 'meeting.join.result': 'unknown' }), closes: id });
    if (locks) await locks.request(lockOf(id), { ifAvailable: true }, lock => lock && close());
    else if (Date.now() - at > orphanAgeMs) await close();
  }
};
