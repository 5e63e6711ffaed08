import { readConfiguration } from './configuration.js';
import { inOrder } from './locks.js';
import { createSender, type Sender, type World } from './sender.js';
import type { Storage } from './storage.js';
import { send } from './transport.js';
import { version } from './version.js';

/** A sender in the real world: a service worker's, or a page's that has none. */
export const openSender = (storage: Storage, own: Pick<World, 'exclusively' | 'leave' | 'notify'>): Sender =>
  createSender(storage, {
    ...own,
    now: Date.now,
    random: Math.random,
    version,
    send,
    readConfiguration,
    inOrder: work => inOrder(navigator.locks, work),
  });
