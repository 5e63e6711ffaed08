/** The element of a click or a result, through shadow roots. Ask while the event is dispatched: its path is gone later. */
export const joinElementOf = (event: Event): Element | undefined =>
  event
    .composedPath()
    .find((node): node is Element => node instanceof Element && node.hasAttribute('data-meeting-join'));
