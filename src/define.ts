/** Registers the tags. A second copy of the product on one page leaves the first one's registration alone. */
import { MeetingJoinTelemetryElement } from './page/element.js';
import { MeetingJoinTelemetryPanelElement } from './panel-element.js';

declare global {
  interface HTMLElementTagNameMap {
    'meeting-join-telemetry': MeetingJoinTelemetryElement;
    'meeting-join-telemetry-panel': MeetingJoinTelemetryPanelElement;
  }
}

if (!customElements.get('meeting-join-telemetry')) {
  customElements.define('meeting-join-telemetry', MeetingJoinTelemetryElement);
  customElements.define('meeting-join-telemetry-panel', MeetingJoinTelemetryPanelElement);
}
