export { type Channel, type FlushMessage, type FlushReply, isFlushMessage, openChannel } from './channel.js';
export { type ConfigurationAnswer, readConfiguration } from './configuration.js';
export type { DropReason } from './drops.js';
export { createExclusively, webLock } from './exclusive.js';
export { openIndexedDb } from './indexed-db.js';
export { limits } from './limits.js';
export { createMemoryStorage, withFallback } from './memory.js';
export { channelName, databaseName, isOurWorker } from './names.js';
export {
  type Addition,
  type Batch,
  createQueue,
  type Drops,
  type Item,
  type OpenAttempt,
  type Queue,
  type Route,
  type RouteOpening,
  type SentRecord,
  type Size,
  toEntry,
} from './queue.js';
export { createSender, type FlushReport, type Notice, type Sender, type Trigger, type World } from './sender.js';
export type { Entry, Storage } from './storage.js';
export { canGzip, send } from './transport.js';
export { uuid } from './uuid.js';
export { version } from './version.js';
