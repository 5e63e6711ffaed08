import { limits } from './limits.js';
import type { Route } from './rows.js';

/**
 * Milliseconds to wait after the nth failed attempt in a row: capped exponential backoff with full jitter
 * (aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter).
 * @param attempts failed attempts so far, from 1
 * @param random in [0, 1)
 */
export const backoffMs = (attempts: number, random: number): number =>
  Math.round(random * Math.min(limits.backoffCapMs, limits.backoffBaseMs * 2 ** attempts));

/**
 * `Retry-After` in milliseconds from now (RFC 9110, 10.2.3: seconds or an HTTP date), capped; a date in the past is 0.
 * @returns undefined when absent or unreadable
 */
export const retryAfterMs = (header: string | null, now: number): number | undefined => {
  if (!header) return undefined;
  const waitMs = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), limits.retryAfterCapMs);
};

/** Of what the server asks for, so much is added at random: all who were told the same date would come at once. */
const spread = 1 / 8;

/**
 * Milliseconds to wait after the nth failed attempt in a row: what the server asks for and a little more, else backoff.
 * A date in the past asks for nothing.
 */
export const waitMs = (attempts: number, random: number, askedMs = 0): number =>
  askedMs > 0
    ? Math.round(askedMs + random * Math.max(askedMs * spread, limits.backoffBaseMs))
    : backoffMs(attempts, random);

/** Whether a persisted deadline still holds. One further off than any we set was set by a clock that has jumped. */
export const isPending = (deadline = 0, now: number): boolean =>
  deadline > now && deadline <= now + limits.retryAfterCapMs * (1 + spread);

/** Whether the server has said when, and not yet: neither news of the network nor a sender come late lifts that. */
export const isBound = (route: Pick<Route, 'nextAttemptAt' | 'unreachable'>, now: number): boolean =>
  !route.unreachable && isPending(route.nextAttemptAt, now);
