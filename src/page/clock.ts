const toleranceMs = 2_000;

/**
 * Milliseconds since the epoch on the server's clock, one that a change of the computer's date does not move. It
 * follows `performance.now()`, which some engines stop while the computer sleeps
 * (https://github.com/w3c/hr-time/issues/115): when the date has run ahead, it was sleep.
 * @param skewMs what to add to this computer's clock for the server's
 */
export const createClock = (skewMs: number): (() => number) => {
  // Asleep since the epoch, as it were.
  let slept = 0;
  return () => {
    const at = performance.now();
    const ahead = Date.now() + skewMs - at - slept;
    if (ahead > toleranceMs) slept += ahead;
    return at + slept;
  };
};
