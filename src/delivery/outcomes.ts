import { parseExportResponse } from '../practices/index.js';
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
  | { kind: 'deferred'; waitMs?: number; unreachable: boolean }
  | { kind: Refusal };

/** A drop reason, unless the batch may come again. */
type Refusal =
  /** As a whole, for some record in it is poison. */
  | 'rejected'
  /** As a whole. */
  | 'too_large'
  /** gzip is not understood: the same again, plain. */
  | 'plain'
  /** Never again, as the Reporting API has it. */
  | 'gone'
  | 'refused';

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
  if (status === 400) return { kind: 'rejected' };
  if (status === 410) return { kind: 'gone' };
  if (status === 413) return { kind: 'too_large' };
  return { kind: status === 415 && !wasPlain ? 'plain' : 'refused' };
};
