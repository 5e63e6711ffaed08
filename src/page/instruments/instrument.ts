/**
 * The seam between instruments and the recorder. An instrument is `observeX(record, {signal, …})`: it knows what
 * happened, never whether it may be sent, where it is kept or how it travels. Each can be tested with an array
 * (`observeX(async event => void events.push(event), …)`) and removed with one line.
 */
import type { Attributes, EventName } from '../../practices/catalog.js';

export interface TelemetryEvent {
  /** Reports of losses are made by what finds them (`delivery/reports.ts`), in the category that has them. */
  name: Exclude<EventName, 'telemetry.dropped'>;
  /** Named as on the wire. The recorder checks the catalog, scrubs, pseudonymizes and stamps `log.record.uid`. */
  attributes: Attributes;
  /** `SeverityNumber`; information when absent. */
  severity?: number;
  /** Milliseconds since the epoch; now when absent. */
  recordedAt?: number;
  /** Puts the attempt on the journal of open attempts, in the transaction that commits this event. */
  opens?: OpenAttempt;
  /**
   * Takes the attempt off the journal, in the transaction that commits this event. An event that closes an attempt
   * which the journal does not hold is NOT stored: this keeps "exactly one result" true across tabs.
   */
  closes?: string;
}

/** Hands an event in. Never throws. Resolves when durable (IndexedDB committed) or dropped. */
export type RecordEvent = (event: TelemetryEvent) => Promise<void>;

/** Events that carry counters. */
export type CountedEvent = 'meeting.usage' | 'meeting.census';

/**
 * Records by how much the attributes of an event rise. Durable at once; what has risen since the last flush goes out as one
 * record (`intake.ts`), the collector sums the rest. Never throws.
 */
export type Count = (event: CountedEvent, deltas: Record<string, number>) => Promise<void>;

export interface InstrumentOptions {
  /** Aborted: all listeners are gone and nothing is recorded any more. */
  signal: AbortSignal;
}

/** An attempt whose result is not known yet, as the journal keeps it. */
export interface OpenAttempt {
  id: string;
  /** When it started, milliseconds since the epoch. */
  at: number;
  /** What its result repeats of the attempt: id, method, pool, partner. */
  attributes: Attributes;
}

export type Confidence = 'confirmed' | 'assumed';

export interface StartOptions {
  /** `native`, `web-app`, `meetings-app`, `mobile-app`, `store`, `forwarded`, `phone` or the page's own word. */
  method?: string | undefined;
  /** A synthetic join (a watcher node's test): tagged, and kept out of every rate. */
  synthetic?: boolean | undefined;
  /** Judge by focus whether a native client started, as for a click on `data-meeting-join="native"` (launch.ts). */
  detectLaunch?: boolean | undefined;
}

/**
 * One attempt of a person to join, as page authors hold it. No method ever throws; after the result all do nothing.
 */
export interface JoinAttempt {
  readonly id: string;
  stage(name: string): void;
  pause(): void;
  resume(): void;
  succeed(how?: { confidence?: Confidence }): void;
  /** An `Error` (anything thrown, really), a `Response`, or `{type, code, subcode, message}` as the mappers return. */
  fail(reason?: unknown): void;
  abandon(): void;
}

export type Verb = Exclude<keyof JoinAttempt, 'id'>;

/**
 * The same inside a session: `act(verb, argument, at)` with `at` on the scale of `performance.now()`, so that calls
 * buffered before the gate opened keep their times. True when the attempt was still open: then the verb took effect.
 */
export type Act = (verb: Verb, argument?: unknown, at?: number) => boolean;

export interface Joins {
  /** Starts an attempt. */
  start(options: StartOptions & { id?: string | undefined; at?: number | undefined }): Act;
  /**
   * Runs when the page is left, before what is open is taken for abandoned. Not a listener of its own: Chromium calls
   * those of a real `pagehide` in the order of their registration, whatever their phase.
   */
  beforeLeave?: () => void;
}

export interface JoinOptions extends InstrumentOptions {
  count: Count;
  /** `meeting.pool`, `meeting.federation_partner` and the like. */
  context: Attributes;
}
