/** What `/api/*` answers: shared, as types only, by the server that writes it and the page that reads it. */

export type JoinResult = 'success' | 'expected_failure' | 'unexpected_failure' | 'abandoned' | 'unknown';

export type Dimension = 'pool' | 'method' | 'browser' | 'os' | 'partner' | 'app';

/** A rate with its 95 % Wilson interval; `value` is null when there is nothing to divide by. */
export interface Rate {
  value: number | null;
  low: number;
  high: number;
}

export type Counts = { attempts: number } & Record<JoinResult, number>;

export type JoinTimeBucket = 'under2s' | 'from2To5s' | 'from5To10s' | 'over10s';

/** With 95 % certainty; null when there are too few joins to say. */
export interface JoinTimeInterval {
  low: number | null;
  high: number | null;
}

/** The fields up to `joinTimeMs` are the contract; the others may grow. */
export interface Figures extends Counts {
  joinSuccessRate: number | null;
  serviceSuccessRate: number | null;
  fiveSecondJoinRate: number | null;
  coverage: number | null;
  joinTimeMs: { p50: number | null; p95: number | null };
  /** Part of `success`: a native client seems to have started, and nobody can know. */
  assumedSuccess: number;
  /** Part of `unknown`: begun less than two minutes ago, so a result may still come. */
  pending: number;
  intervals: { joinSuccessRate: Rate; serviceSuccessRate: Rate; fiveSecondJoinRate: Rate; coverage: Rate };
  /** Successes by join time, as in the Join Time Report; five seconds and ten are the ends of their buckets. */
  joinTimeBuckets: Record<JoinTimeBucket, number>;
  joinTimeShares: Record<JoinTimeBucket, Rate>;
}

export interface Summary extends Figures {
  joinTimeIntervals: { p50: JoinTimeInterval; p95: JoinTimeInterval };
  /** The period of the same length just before; absent without `from`. */
  previous?: Figures;
}

export interface SeriesPoint extends Record<JoinResult, number> {
  atMs: number;
  p50: number | null;
  p95: number | null;
}

export interface Finding {
  fromMs: number;
  toMs: number;
  ongoing: boolean;
  attempts: number;
  failures: number;
  devices: number;
  /** The most frequent reason, and how many of the failures are of it. */
  errorType: string;
  code: string;
  ofReason: number;
  /** The dimension value that the failures share and the other joins do not; absent when they are spread evenly. */
  where?: { dimension: Dimension; value: string };
}

export interface Series {
  stepMs: number;
  points: SeriesPoint[];
  findings: Finding[];
}

export interface Failure {
  errorType: string;
  code: string;
  result: JoinResult;
  attempts: number;
  devices: number;
  lastAtMs: number;
  previousAttempts: number | null;
}

export interface BreakdownRow {
  value: string;
  attempts: number;
  failed: number;
  /** Joins by which the service success rate divides. */
  judged: number;
  serviceSuccessRate: Rate;
  joinSuccessRate: Rate;
  /** Significantly worse than the others together (two-sided 99 %). */
  worse: boolean;
}

export type Breakdowns = Record<Dimension, BreakdownRow[]>;

/** What a list leaves out for want of room. */
export interface Rest {
  rows: number;
  attempts: number;
}

export type LatenessName = 'now' | 'minute' | 'hour' | 'day' | 'later';

export interface Delivery {
  /** Records by how long after they happened the collector had them. */
  lateness: Record<LatenessName, number>;
  dropped: { reason: string; count: number }[];
}

export interface Vital {
  name: string;
  p75: number;
  rating: 'good' | 'needs-improvement' | 'poor';
  samples: number;
}

export interface Overview {
  fromMs: number | null;
  toMs: number;
  summary: Summary;
  series: Series;
  failures: Failure[];
  breakdowns: Breakdowns;
  rest: Record<Dimension | 'failures', Rest>;
  delivery: Delivery;
  vitals: Vital[];
  /** Synthetic joins in the period, counted above or left out of everything above. */
  synthetic: { joins: number; included: boolean };
  /** Whether the store holds any event at all: an empty period and an empty house read differently. */
  anyEvents: boolean;
}

export interface Join {
  id: string;
  atMs: number;
  receivedAtMs: number;
  pool: string;
  method: string;
  result: JoinResult;
  confidence: string;
  errorType: string;
  code: string;
  browser: string;
  os: string;
  stage: string;
  durationMs: number | null;
  synthetic: boolean;
}

export interface JoinEvent {
  uid: string;
  name: string;
  recordedAtMs: number;
  receivedAtMs: number;
  attributes: Record<string, string | number | boolean>;
}

export interface JoinDetail extends Join {
  partner: string;
  subcode: string;
  pausedMs: number | null;
  stages: { name: string; atMs: number }[];
  events: JoinEvent[];
}

export interface Collection {
  identity: string;
  scope: 'global' | 'site' | 'service';
  enabled: boolean;
}

export interface Governed {
  pool: string;
  enabled: boolean;
  identity: string | null;
  scope: Collection['scope'] | null;
  /** Why, in words an administrator can act on. */
  reason: string;
  attempts: number;
}

export interface AuditEntry {
  atMs: number;
  who: string;
  identity: string;
  /** Whether the collection said that telemetry is on; null when there was none. */
  before: boolean | null;
  after: boolean | null;
}

export interface Configurations {
  collections: Collection[];
  pools: Governed[];
  audit: AuditEntry[];
}

export type FaultKind = 'none' | 'refuse' | '503' | '429' | 'delay' | 'lose';

/** Undefined for who does not look from this very machine. */
export interface Faults {
  kind: FaultKind;
}

/** A message of `/api/live`. */
export type LiveMessage = { type: 'join'; join: Join } | { type: 'changed' };
