/**
 * The channel, for as long as the page is shown. Browsers keep a page that is left for the back button, unless it
 * hears a message meanwhile (Chromium) or could (Firefox): the flush that leaving causes would cost every page that.
 */
import { type Channel, openChannel } from '../delivery/channel.js';
import type { Notice } from '../delivery/sender.js';

/** @returns what tells the others */
export const openNews = (hear: (notice: Notice) => void, signal: AbortSignal): ((notice: Notice) => void) => {
  let channel: Channel | undefined;
  const open = () => {
    channel ??= openChannel(hear);
  };
  const close = () => {
    channel?.close();
    channel = undefined;
  };
  open();
  addEventListener('pagehide', close, { signal });
  addEventListener('pageshow', open, { signal });
  signal.addEventListener('abort', close);
  return notice => channel?.postMessage(notice);
};
