import { createMemoryStorage } from '#src/delivery/memory.js';
import type { Entry, Posted } from '#src/delivery/rows.js';
import type { Key, Storage, Table, Transaction } from '#src/delivery/storage.js';
import type { Random } from './random.js';
import type { Actor, Schedule } from './schedule.js';

/** What a transaction has changed. */
export interface Changes {
  appended: (Entry | Posted)[];
  removed: number[];
  put: { table: Table; key: Key; value: unknown }[];
  deleted: { table: Table; key: Key }[];
}

export interface DiskObserver {
  /** Called within the commit; throws when it breaks an invariant. */
  committed(actor: Actor, changes: Changes): void;
  destroyed(actor: Actor): void;
  failed(actor: Actor): void;
}

interface Connection {
  actor: Actor;
  isDeleted: boolean;
  isClosed: boolean;
  /** IndexedDB runs a connection's transactions in the order of their making. */
  waiting: (() => void)[];
  onDeleted: () => void;
}

/** What IndexedDB answers a connection whose database has been deleted; see indexed-db.ts. */
const deleted = () => Error('the queue has been deleted');

const observe = (tx: Transaction, changes: Changes): Transaction => ({
  ...tx,
  put: (table, row, key) => {
    if (key === undefined) changes.appended.push(row as Entry | Posted);
    else changes.put.push({ table, key, value: row });
    tx.put(table, row, key);
  },
  delete: (table, key) => {
    if (table === 'entries') changes.removed.push(key as number);
    else changes.deleted.push({ table, key });
    tx.delete(table, key);
  },
});

/**
 * The database of the origin: the real memory storage, reached as IndexedDB is. A request travels, commits, and its
 * answer travels back; the caller may die at every point between.
 */
export const createDisk = (random: Random, schedule: Schedule, observer: DiskObserver) => {
  let database: Storage | undefined;
  let connections: Connection[] = [];
  const state = { isFull: false, failures: 0 };

  const hasChanged = ({ appended, removed, put, deleted }: Changes) =>
    [appended, removed, put, deleted].some(list => list.length);

  const run = async <T>(actor: Actor, work: (tx: Transaction) => Promise<T>) => {
    if (!database) throw deleted();
    const changes: Changes = { appended: [], removed: [], put: [], deleted: [] };
    const result = await database.transact(async tx => {
      const done = await work(observe(tx, changes));
      if (!hasChanged(changes)) return done;
      if (random.chance(state.failures)) throw new DOMException('simulated', 'UnknownError');
      if (state.isFull && changes.appended.length > changes.removed.length) {
        throw new DOMException('simulated', 'QuotaExceededError');
      }
      observer.committed(actor, changes);
      return done;
    });
    return { result, isReading: !hasChanged(changes) };
  };

  const transactOver =
    (connection: Connection): Storage['transact'] =>
    work =>
      new Promise((resolve, reject) => {
        const { actor } = connection;
        const commit = () => {
          if (connection.isDeleted || connection.isClosed) return reject(deleted());
          run(actor, work).then(
            // What was read grows stale on its way only now and then: time is better spent on more schedules.
            ({ result, isReading }) =>
              isReading && random.chance(0.7)
                ? resolve(result)
                : schedule.shortly(actor, 'transaction done', () => resolve(result)),
            error => {
              // A broken invariant is not the storage's error; simulate.ts finds it.
              observer.failed(actor);
              schedule.shortly(actor, `transaction failed: ${error.name}`, () => reject(error));
            },
          );
        };
        connection.waiting.push(commit);
        schedule.shortly(actor, 'transaction', () => connection.waiting.shift()?.());
      });

  const destroy = (actor: Actor) =>
    new Promise<void>(resolve =>
      schedule.shortly(actor, 'delete the database', () => {
        database = undefined;
        observer.destroyed(actor);
        for (const connection of connections) {
          connection.isDeleted = true;
          if (connection.actor !== actor) schedule.shortly(connection.actor, 'versionchange', connection.onDeleted);
        }
        connections = [];
        schedule.shortly(actor, 'database deleted', resolve);
      }),
    );

  /** @param create false: rejects where there is none */
  const open = (actor: Actor, create: boolean, onDeleted: () => void) =>
    new Promise<Storage>((resolve, reject) =>
      schedule.shortly(actor, 'open the database', () => {
        if (!database && !create) return reject(deleted());
        database ??= createMemoryStorage();
        const connection: Connection = { actor, isDeleted: false, isClosed: false, waiting: [], onDeleted };
        connections.push(connection);
        const storage: Storage = {
          durable: true,
          transact: transactOver(connection),
          destroy: () => destroy(actor),
          close: () => {
            connection.isClosed = true;
            connections = connections.filter(other => other !== connection);
          },
        };
        schedule.shortly(actor, 'database open', () => resolve(storage));
      }),
    );

  return { state, open };
};
