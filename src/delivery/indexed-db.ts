import { databaseName } from './names.js';
import { isQuotaExceeded, keyedTables, type Storage, type Table, type Transaction } from './storage.js';

/** Opening can hang for good: a connection that ignores `versionchange`, https://bugs.webkit.org/show_bug.cgi?id=226547. */
const openTimeoutMs = 3_000;

const createTables = (database: IDBDatabase) => {
  database.createObjectStore('entries', { keyPath: 'seq', autoIncrement: true }).createIndex('lane', 'lane');
  for (const table of keyedTables) database.createObjectStore(table);
};

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/**
 * Opens the database in whatever version it has. A new one gets version 1: raise it when a table or index is added. A page
 * that stayed open across an update of the product meets a newer one, in which all it knows of is still there.
 */
const open = (create: boolean): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open(databaseName);
    request.onupgradeneeded = () => (create ? createTables(request.result) : request.transaction?.abort());
    setTimeout(() => {
      request.onsuccess = () => request.result.close();
      reject(new DOMException('IndexedDB hangs'));
    }, openTimeoutMs);
    settled(request).then(resolve, reject);
  });

const over = (transaction: IDBTransaction): Transaction => {
  const store = (table: Table) => transaction.objectStore(table);
  return {
    get: (table, key) => settled(store(table).get(key)),
    put: (table, row, key) => void store(table).put(row, key),
    delete: (table, key) => void store(table).delete(key),
    // By the index alone, not by a cursor: WebKitGTK 2.50 often fails to open one ("UnknownError: Unable to open cursor").
    all: (table, limit, lane) =>
      settled(
        lane === undefined
          ? store(table).getAll(null, limit)
          : store(table)
              .index('lane')
              .getAll(IDBKeyRange.bound(lane, lane && `${lane}~`), limit),
      ),
  };
};

const transact = async <T>(database: IDBDatabase, work: (transaction: Transaction) => Promise<T>) => {
  // Relaxed: a kill of the browser loses nothing of a completed transaction, only a power cut may.
  const transaction = database.transaction(database.objectStoreNames, 'readwrite', { durability: 'relaxed' });
  const completed = new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error ?? new DOMException());
  });
  completed.catch(() => {});
  try {
    const result = await work(over(transaction));
    // Not to wait for the answers of the last writes: a page that is being left would take them with it.
    transaction.commit();
    await completed;
    return result;
  } catch (error) {
    try {
      transaction.abort();
    } catch {
      // It has ended already: its own error says why.
      await completed;
    }
    throw error;
  }
};

/** What a storage that is closed for good answers, rather than coming back to life. */
const gone = () => Error('the queue is closed');

/**
 * Opens the database of this origin.
 * @param create false: reject where there is none, and leave none behind
 * @param onDeleted somebody else deletes the database: a purge in another tab
 * @throws DOMException when IndexedDB is absent, refused, corrupt or hangs
 */
export const openIndexedDb = async (create: boolean, onDeleted?: () => void): Promise<Storage> => {
  let isGone = false;
  const connect = async (mayCreate: boolean) => {
    const database = await open(mayCreate);
    database.onversionchange = event => {
      database.close();
      if (event.newVersion || isGone) return;
      isGone = true;
      onDeleted?.();
    };
    return database;
  };
  let connection = connect(create);
  const disconnect = () =>
    void connection.then(
      database => database.close(),
      () => {},
    );
  const close = () => {
    isGone = true;
    disconnect();
  };
  await connection;
  return {
    durable: true,
    transact: async work => {
      if (isGone) throw gone();
      const used = connection;
      try {
        return await transact(await used, work);
      } catch (error) {
        if (isGone || isQuotaExceeded(error)) throw error;
        // A new connection may mend one that the browser force-closed or that made way for an upgrade
        // (InvalidStateError), and what engines give no reason for (UnknownError, AbortError).
        // One for all who found the old one useless; none when somebody has cleared the site's data.
        if (used === connection) {
          disconnect();
          connection = connect(false);
        }
        return transact(await connection, work);
      }
    },
    destroy: async () => {
      close();
      await settled(indexedDB.deleteDatabase(databaseName));
    },
    close,
  };
};
