import type { MeetingJoinTelemetryElement } from '../element.js';

/** What the panel needs of `<meeting-join-telemetry>`. */
export type TelemetryElement = HTMLElement &
  Pick<
    MeetingJoinTelemetryElement,
    'gate' | 'surface' | 'disableAutomaticSendTracing' | 'errorReportingOptIn' | 'purge'
  >;

const tag = 'meeting-join-telemetry';

/** The element that the panel speaks of: the one named by `for`, or the first of the document. */
export const findTelemetryElement = (panel: HTMLElement): TelemetryElement | undefined => {
  const id = panel.getAttribute('for');
  const root = panel.getRootNode() as Document | ShadowRoot;
  const found = id
    ? (root.getElementById(id) ?? document.getElementById(id))
    : (root.querySelector(tag) ?? document.querySelector(tag));
  // Not upgraded yet, or no such element at all: then it has no gate.
  return found && 'gate' in found ? (found as unknown as TelemetryElement) : undefined;
};
