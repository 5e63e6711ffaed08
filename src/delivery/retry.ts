import { limits } from './limits.js';
import type { Route } from './rows.js';

/**
 * `Retry-After` in milliseconds from now (RFC 9110, 10.2.3: seconds or an HTTP date), capped; a date in the past is
 * negative.
 * @returns NaN when absent or unreadable
 */
export const retryAfterMs = (header: string | null, now: number): number =>
  Math.min(/^\d+$/.test(`${header}`) ? Number(header) * 1000 : Date.parse(`${header}`) - now, limits.retryAfterCapMs);

/** Of what the server asks for, so much is added at random: all who were told the same date would come at once. */
const spread = 1 / 8;

/**
 * Milliseconds to wait after the nth failed attempt in a row: what the server asks for and a little more, else capped
 * exponential backoff with full jitter (aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter).
 * @param attempts failed attempts so far, from 1
 * @param random in [0, 1)
 * @param askedMs a date in the past asks for nothing, nor does NaN
 */
export const waitMs = (attempts: number, random: number, askedMs = 0): number =>
  Math.round(
    askedMs > 0
      ? askedMs + random * Math.max(askedMs * spread, limits.backoffBaseMs)
      : random * Math.min(limits.backoffCapMs, limits.backoffBaseMs * 2 ** attempts),
  );

/** Whether a persisted deadline still holds. One further off than any we set was set by a clock that has jumped. */
export const isPending = (deadline = 0, now: number): boolean =>
  deadline > now && deadline <= now + limits.retryAfterCapMs * (1 + spread);

/** Whether the server has said when, and not yet: neither news of the network nor a sender come late lifts that. */
export const isBound = (route: Pick<Route, 'nextAttemptAt' | 'unreachable'>, now: number): boolean =>
  !route.unreachable && isPending(route.nextAttemptAt, now);
