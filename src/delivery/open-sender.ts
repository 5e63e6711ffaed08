import { readConfiguration } from './configuration.js';
import { createOutgoing } from './outgoing.js';
import { createSender, type Sender, type World } from './sender.js';
import type { Storage } from './storage.js';
import { canGzip, send } from './transport.js';
import { uuid } from './uuid.js';
import { version } from './version.js';

/** A sender in the real world: a service worker's, or a page's that has none. */
export const openSender = (storage: Storage, own: Pick<World, 'notify' | 'leave' | 'exclusively'>): Sender =>
  createSender(createOutgoing(storage, uuid), {
    ...own,
    now: Date.now,
    random: Math.random,
    version,
    canGzip,
    send,
    readConfiguration,
  });
