/** Faults on purpose, so that anyone can watch beacons survive. `serve.ts` offers them on loopback only. */
export type Fault =
  | { kind: 'none' }
  /** The connection is cut before the request is read. */
  | { kind: 'refuse' }
  /** Answers this status, with Retry-After when given, and stores nothing. */
  | { kind: 'answer'; status: 429 | 502 | 503 | 504; retryAfterSeconds?: number }
  /** Works, but later. */
  | { kind: 'delay'; delayMs: number }
  /** Stores, then cuts the connection: the sender cannot know. */
  | { kind: 'lose-answer' };

export const maxFaultDelayMs = 60_000;
const maxRetryAfterSeconds = 86_400;

export interface Faults {
  get(): Fault;
  set(fault: Fault): void;
}

export const createFaults = (): Faults => {
  let current: Fault = { kind: 'none' };
  return {
    get: () => current,
    set(fault) {
      current = fault;
    },
  };
};

const within = (value: unknown, max: number): number | undefined =>
  typeof value === 'number' && value >= 0 && value <= max ? value : undefined;

const parseAnswer = (status: unknown, retryAfter: unknown): Fault | undefined => {
  if (status !== 429 && status !== 502 && status !== 503 && status !== 504) return undefined;
  if (retryAfter === undefined) return { kind: 'answer', status };
  const retryAfterSeconds = within(retryAfter, maxRetryAfterSeconds);
  return retryAfterSeconds === undefined ? undefined : { kind: 'answer', status, retryAfterSeconds };
};

/** A fault as somebody's JSON describes it; undefined when it is none. */
export const parseFault = (value: unknown): Fault | undefined => {
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, status, retryAfterSeconds, delayMs: delay } = value as Record<string, unknown>;
  if (kind === 'none' || kind === 'refuse' || kind === 'lose-answer') return { kind };
  if (kind === 'answer') return parseAnswer(status, retryAfterSeconds);
  const delayMs = kind === 'delay' ? within(delay, maxFaultDelayMs) : undefined;
  return delayMs === undefined ? undefined : { kind: 'delay', delayMs };
};
