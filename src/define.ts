/** Registers the tags. A second copy of the product on one page leaves the first one's registration alone. */
import { MeetingJoinTelemetryElement } from './page/element.js';
import { MeetingJoinTelemetryPanelElement } from './panel-element.js';

declare global {
  interface HTMLElementTagNameMap {
    'meeting-join-telemetry': MeetingJoinTelemetryElement;
    'meeting-join-telemetry-panel': MeetingJoinTelemetryPanelElement;
  }
}

// A server that renders the page imports this too.
const registry = globalThis.customElements as CustomElementRegistry | undefined;

if (registry && !registry.get('meeting-join-telemetry')) {
  registry.define('meeting-join-telemetry', MeetingJoinTelemetryElement);
  registry.define('meeting-join-telemetry-panel', MeetingJoinTelemetryPanelElement);
}
