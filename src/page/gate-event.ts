import type { Scope } from '../practices/web-service-configuration.js';

/** Whether this page may collect, and why. */
export interface Gate {
  state: 'pending' | 'open' | 'closed';
  /** Why, in words a page author or administrator can act on. */
  reason: string;
  /** Where the flag was set. */
  scope?: Scope | undefined;
  /** The Identity of the governing configuration collection. */
  identity?: string | undefined;
}

/** The gate has been decided, or has changed. */
export interface GateEvent extends Event {
  readonly gate: Gate;
}

declare global {
  interface HTMLElementEventMap {
    'meeting-join-telemetry-gate': GateEvent;
  }
}
