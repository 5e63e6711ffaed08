import { parseExportResponse } from '../practices/index.js';
import type { DropReason } from './drops.js';
import { retryAfterMs } from './retry.js';

/** What came back for a beacon. */
export type Answer =
  | { status: number; contentType: string | null; retryAfter: string | null; body: string }
  /** Nothing did: refused, timed out, offline, blocked, redirected, cut off. */
  | undefined;

/** What an answer means for its batch. */
export type Outcome =
  /** Acknowledged; `rejected` of them were refused for good (OTLP partial success). */
  | { kind: 'delivered'; rejected: number }
  /** Later. `waitMs`: the server said when. `unreachable`: the network is to blame, so its return may lift the wait. */
  | { kind: 'deferred'; waitMs?: number | undefined; unreachable: boolean }
  /** Refused as a whole: some record in it is poison (400), or it is too large (413). */
  | { kind: 'split'; reason: DropReason }
  /** gzip is not understood: the same again, plain. */
  | { kind: 'plain' }
  | { kind: 'dropped'; reason: DropReason }
  /** Never again (410, as the Reporting API has it). */
  | { kind: 'stopped' };

const unanswered: Outcome = { kind: 'deferred', unreachable: true };

/** The OTLP specification retries these and no others. */
const retryable = [429, 502, 503, 504];

/**
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp-response, with one rule of our own: 200 acknowledges only with a
 * body that is an OTLP answer. A captive portal also says 200.
 */
/** @param wasPlain it was sent uncompressed */
export const outcomeOf = (answer: Answer, now: number, wasPlain?: boolean): Outcome => {
  if (!answer) return unanswered;
  const { status, contentType, body } = answer;
  if (status === 200) {
    const rejected = contentType?.startsWith('application/json') ? parseExportResponse(body) : undefined;
    return rejected === undefined ? unanswered : { kind: 'delivered', rejected };
  }
  if (retryable.includes(status)) {
    return { kind: 'deferred', waitMs: retryAfterMs(answer.retryAfter, now), unreachable: false };
  }
  if (status === 400) return { kind: 'split', reason: 'rejected' };
  if (status === 413) return { kind: 'split', reason: 'too_large' };
  if (status === 415 && !wasPlain) return { kind: 'plain' };
  return status === 410 ? { kind: 'stopped' } : { kind: 'dropped', reason: 'refused' };
};
