/** Tells the page, through shadow roots, as an event of the element. */
export const fire = (host: EventTarget, type: string, detail: object): boolean =>
  host.dispatchEvent(
    Object.assign(new Event(`meeting-join-telemetry-${type}`, { bubbles: true, composed: true }), detail),
  );
