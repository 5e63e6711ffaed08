/** Seeds that failed once, and what they found. A change of product or simulation may lead them elsewhere: the mutants stay. */
export const regressions: Record<number, string> = {
  6: 'a collector that claims to have refused more records than it got is believed',
  833: 'a lock is stolen from a holder that is about to take its lease',
  5448: 'after 415 the lease of one request lapses under the second',
  11601: 'a beacon starts with a fresh abort signal although its route has just been closed',
};
