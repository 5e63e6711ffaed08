/** Clocks for page and worker, as scripts that run before any other. */

/** Everything takes a fraction of its time, so that half an hour passes in seconds; the same in every realm. */
export const acceleratedClock = (factor: number, startedAt = Date.now()): string => `(() => {
  const factor = ${factor};
  const startedAt = ${startedAt};
  const { now } = Date;
  Date.now = () => startedAt + (now() - startedAt) * factor;
  const { setTimeout } = globalThis;
  globalThis.setTimeout = (run, ms = 0, ...rest) => setTimeout(run, ms / factor, ...rest);
})();`;

/** The computer's date is wrong by so much; what measures durations is right. */
export const shiftedClock = (byMs: number): string => `(() => {
  const byMs = ${byMs};
  const RealDate = Date;
  globalThis.Date = class Date extends RealDate {
    constructor(...parts) {
      if (parts.length === 0) super(RealDate.now() + byMs);
      else super(...parts);
    }
    static now() {
      return RealDate.now() + byMs;
    }
  };
  const origin = performance.timeOrigin + byMs;
  Object.defineProperty(performance, 'timeOrigin', { get: () => origin });
})();`;
