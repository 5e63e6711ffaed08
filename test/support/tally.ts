/** What a run comes to. */
export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
  /** One line each: what did not pass, and what was not tried. */
  failures: string[];
  skips: string[];
}

export const newTally = (): Tally => ({ passed: 0, failed: 0, skipped: 0, failures: [], skips: [] });

export const countPass = (tally: Tally): void => {
  tally.passed += 1;
};

export const countFailure = (tally: Tally, what: string): void => {
  tally.failed += 1;
  tally.failures.push(what);
};

export const countSkip = (tally: Tally, what: string): void => {
  tally.skipped += 1;
  tally.skips.push(what);
};
