/**
 * Telemetry never breaks the page: whatever reads or calls what the page gave goes through here. What is caught is
 * dropped in silence on purpose: reporting a failure of the reporting would be the next thing to fail.
 */
export const contain = <T>(run: () => T): T | undefined => {
  try {
    return run();
  } catch {
    return undefined;
  }
};
