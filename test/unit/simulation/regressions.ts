/** Seeds that failed once, and what they found. A change of product or simulation may lead them elsewhere: the mutants stay. */
export const regressions: Record<number, string> = {
  6: 'a collector that claims to have refused more records than it got is believed',
  833: 'a lock is stolen from a holder that is about to take its lease',
  14118: 'a sender that fails late makes the worker forget the one that has taken its place',
};
