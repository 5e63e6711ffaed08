import type { DropReason } from '../delivery/index.js';
import type { Scope } from '../practices/index.js';

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
export class GateEvent extends Event {
  readonly gate: Gate;
  constructor(gate: Gate) {
    super('meeting-join-telemetry-gate', { bubbles: true, composed: true });
    this.gate = gate;
  }
}

/** Records have been acknowledged by the collector. */
export class DeliveredEvent extends Event {
  readonly count: number;
  constructor(count: number) {
    super('meeting-join-telemetry-delivered', { bubbles: true, composed: true });
    this.count = count;
  }
}

/** Records will never be delivered. */
export class DroppedEvent extends Event {
  readonly count: number;
  readonly reason: DropReason | 'purged';
  constructor(count: number, reason: DropReason | 'purged') {
    super('meeting-join-telemetry-dropped', { bubbles: true, composed: true });
    this.count = count;
    this.reason = reason;
  }
}

declare global {
  interface HTMLElementEventMap {
    'meeting-join-telemetry-gate': GateEvent;
    'meeting-join-telemetry-delivered': DeliveredEvent;
    'meeting-join-telemetry-dropped': DroppedEvent;
  }
}
