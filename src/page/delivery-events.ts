import type { DropReason } from '../delivery/drops.js';

/** Records have been acknowledged by the collector. */
export interface DeliveredEvent extends Event {
  readonly count: number;
}

/** Records will never be delivered. */
export interface DroppedEvent extends Event {
  readonly count: number;
  readonly reason: DropReason | 'purged';
}

declare global {
  interface HTMLElementEventMap {
    'meeting-join-telemetry-delivered': DeliveredEvent;
    'meeting-join-telemetry-dropped': DroppedEvent;
  }
}
