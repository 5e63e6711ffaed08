/** Where there is no DOM (server-side rendering), the module can still be imported. */
const Base = (globalThis.HTMLElement ?? Object) as typeof HTMLElement;

/**
 * `<meeting-join-telemetry-panel>`: the disclosure. `for` names the id of the `<meeting-join-telemetry>` it speaks of;
 * without it, the first one of the document.
 *
 * @element meeting-join-telemetry-panel
 * @attr {string} for - id of the `<meeting-join-telemetry>` element
 * @csspart panel - all of it
 * @csspart heading - its title
 * @csspart state - whether this page collects; also `open`, `closed` or `pending`
 * @csspart opt-in - the choice on the `client` surface; `checkbox` is its box
 * @csspart category - one category of data
 * @csspart data - the list of what is collected
 * @csspart record - one record that waits or was sent
 * @csspart raw - the record as OTLP JSON
 * @csspart table - the table of losses
 * @csspart button - deletes everything
 * @csspart receipt - says what was deleted
 */
export class MeetingJoinTelemetryPanelElement extends Base {
  // Only the shell of it: the rest is loaded when it is first seen, so that a panel in a closed dialog costs nothing.
  connectedCallback() {
    new IntersectionObserver(([entry], observer) => {
      if (!entry?.isIntersecting) return;
      observer.disconnect();
      void import('./meeting-join-telemetry-panel.js').then(({ showPanel }) => showPanel(this));
    }).observe(this);
  }
}
