import type { DropReason } from '../delivery/drops.js';

const init: EventInit = { bubbles: true, composed: true };

/** Records have been acknowledged by the collector. */
export class DeliveredEvent extends Event {
  readonly count: number;
  constructor(count: number) {
    super('meeting-join-telemetry-delivered', init);
    this.count = count;
  }
}

/** Records will never be delivered. */
export class DroppedEvent extends Event {
  readonly count: number;
  readonly reason: DropReason | 'purged';
  constructor(count: number, reason: DropReason | 'purged') {
    super('meeting-join-telemetry-dropped', init);
    this.count = count;
    this.reason = reason;
  }
}

declare global {
  interface HTMLElementEventMap {
    'meeting-join-telemetry-delivered': DeliveredEvent;
    'meeting-join-telemetry-dropped': DroppedEvent;
  }
}
