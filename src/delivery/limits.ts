/** Every limit of queue and delivery, with its unit and its reason. */
export const limits = {
  /** A day of the busiest launcher, and what one visit can drain in seconds. */
  maxQueueEntries: 20_000,
  /** Browsers grant an origin at least 50 MB or so; the host page keeps the rest. */
  maxQueueBytes: 10_000_000,
  /** A stack of 8 KiB with everything around it; larger is a mistake. */
  maxEntryBytes: 32_768,
  maxBatchRecords: 500,
  /** Inflated; well under any collector's or proxy's 1 MB. */
  maxBatchBytes: 400_000,
  /** Fetch refuses keepalive bodies once 64 KiB are in flight (fetch.spec.whatwg.org, http-network-or-cache fetch). */
  maxKeepaliveBytes: 60_000,
  /** A week, as browsers that delete storage after seven days without a visit. */
  maxAgeMs: 7 * 86_400_000,
  /** An answer that took longer was lost. */
  requestTimeoutMs: 20_000,
  /** Longer than any request, so that only a dead or frozen sender lets it lapse. */
  leaseMs: 30_000,
  /** How long a page waits for whoever deletes the database; who takes longer hangs. */
  openingWaitMs: 10_000,
  backoffBaseMs: 1_000,
  /** Five minutes keep a herd flat and an operator's view fresh. */
  backoffCapMs: 300_000,
  /** A server may ask for an hour; what it asks beyond that is a mistake. */
  retryAfterCapMs: 3_600_000,
  /** How long an answer of the configuration is trusted before a beacon is sent. */
  gateMaxAgeMs: 15 * 60_000,
  /** How long an open answer lets events be queued, not sent, while the configuration cannot be reached. */
  gateGraceMs: 86_400_000,
  /** Records kept for the disclosure's "lately sent". */
  maxSentRecords: 20,
} as const;
