/** Registers the tags. A second copy of the product on one page leaves the first one's registration alone. */
import { MeetingJoinTelemetryElement } from './page/element.js';

declare global {
  interface HTMLElementTagNameMap {
    'meeting-join-telemetry': MeetingJoinTelemetryElement;
  }
}

if (!customElements.get('meeting-join-telemetry')) {
  customElements.define('meeting-join-telemetry', MeetingJoinTelemetryElement);
}
