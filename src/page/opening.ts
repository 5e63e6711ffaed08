/** The seam between the element and the session it loads when its gate opens. */

import type { FlushReport } from '../delivery/sender.js';
import type { Surface } from '../practices/gate.js';
import type { ErrorContext } from './instruments/errors.js';
import type { Act, StartOptions } from './instruments/instrument.js';
import type { Usage } from './instruments/usage.js';

/** The element, as far as a session reads it and tells it. */
export interface Host extends EventTarget {
  readonly endpoint: string;
  readonly configSrc: string;
  readonly pool: string;
  readonly site: string;
  readonly surface: Surface;
  readonly appName: string;
  readonly workerSrc: string;
  readonly federationPartner: string;
  readonly pseudonymKey: string;
  readonly userId: string;
  readonly disableAutomaticSendTracing: boolean;
}

/** An open gate, as the element sees it. Times are on the scale of `performance.now()`. */
export interface Session {
  startJoin(options: StartOptions & { id: string; at: number }): Act;
  click(event: Event, element: Element): void;
  recordSignIn(succeeded: boolean): void;
  recordUsage(usage: Usage): void;
  recordError(error: unknown, context?: ErrorContext): void;
  flush(): Promise<FlushReport>;
  count(): Promise<number>;
  /** Whether the person has opted in to error reporting: now, or on an earlier visit. */
  readonly isOptedIn: boolean;
  choose(isOptedIn: boolean): Promise<void>;
  /** The flag has been read after all (`skewMs`), or somebody else is signed in. */
  update(skewMs?: number): Promise<void>;
  /** Stops, and deletes nothing: the element has left the page. */
  end(): void;
}

/** What was deleted. */
export interface Receipt {
  /** Records that had not been sent. */
  records: number;
  /** The database, the ids and the worker are gone too: no other pool of this origin collects. */
  everything: boolean;
  /** Milliseconds since the epoch. */
  at: number;
}

/** A flush that did nothing. */
export const nothing: FlushReport = { delivered: 0, dropped: 0, queued: 0, busy: false };
