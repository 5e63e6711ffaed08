/** How page and worker talk. Both ends are of the same origin; a host page's own messages are not ours. */
import { channelName } from './names.js';
import type { Posted } from './rows.js';
import type { FlushReport, Notice, Trigger } from './sender.js';

/** Asks the worker to flush; it answers on the port: at once with `true`, and with the report when done. */
export interface FlushMessage {
  [channelName]: Trigger;
  /** To be put into the queue first: WebKit keeps nothing that a page writes while it is left. */
  posted?: Posted | undefined;
}

export type FlushReply = true | FlushReport;

/** @returns undefined when it is somebody else's message */
export const triggerOf = (message: Partial<FlushMessage> | null | undefined): Trigger | undefined =>
  message?.[channelName];

/** News of sender and gate for every tab and the worker. */
export interface Channel {
  postMessage(notice: Notice): void;
  close(): void;
}

export const openChannel = (onNotice: (notice: Notice) => void): Channel => {
  const channel = new BroadcastChannel(channelName);
  channel.onmessage = event => onNotice(event.data);
  return channel;
};
