export { type Channel, type FlushMessage, type FlushReply, openChannel, triggerOf } from './channel.js';
export { type ConfigurationAnswer, readConfiguration } from './configuration.js';
export { type Disclosure, type Drops, disclose } from './disclosure.js';
export type { DropReason } from './drops.js';
export { createExclusively, type Exclusively, type Renew } from './exclusive.js';
export { withFallback } from './fallback.js';
export { openIndexedDb } from './indexed-db.js';
export { limits } from './limits.js';
export { inOrder } from './locks.js';
export { createMemoryStorage } from './memory.js';
export { remember } from './meta.js';
export { channelName, databaseName, isOurWorker } from './names.js';
export { purge, type SentEntry, withdraw } from './outgoing.js';
export { createQueue, type Queue } from './queue.js';
export { type Reporting, tell } from './reports.js';
export {
  type Addition,
  type Entry,
  type Item,
  type Kept,
  type OpenJoin,
  type Route,
  type RouteOpening,
  type Size,
  toEntry,
} from './rows.js';
export { createSender, type FlushReport, type Notice, type Sender, type Trigger, type World } from './sender.js';
export type { Storage } from './storage.js';
export { send } from './transport.js';
export { uuid } from './uuid.js';
export { version } from './version.js';
