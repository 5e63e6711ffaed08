import { databaseName } from './names.js';
import type { Entry } from './rows.js';
import type { KeyedTable, Mode, Storage, Transaction } from './storage.js';
import { tables } from './storage.js';

/** Raise it when a table or index is added: `upgrade` adds what is missing and touches no row. */
const schemaVersion = 1;

/** Opening can hang for good: a connection that ignores `versionchange`, https://bugs.webkit.org/show_bug.cgi?id=226547. */
const openTimeoutMs = 3_000;

const upgrade = (database: IDBDatabase) => {
  for (const table of tables) {
    if (database.objectStoreNames.contains(table)) continue;
    const store = database.createObjectStore(table, table === 'entries' ? { keyPath: 'seq', autoIncrement: true } : {});
    if (table === 'entries') store.createIndex('lane', 'lane');
  }
};

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const open = async (create: boolean, version?: number): Promise<IDBDatabase> => {
  const request = indexedDB.open(databaseName, version);
  request.onupgradeneeded = event => {
    if (create || event.oldVersion) upgrade(request.result);
    else request.transaction?.abort();
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      request.onsuccess = () => request.result.close();
      reject(new DOMException('IndexedDB does not open', 'TimeoutError'));
    }, openTimeoutMs);
  });
  try {
    return await Promise.race([settled(request), late]);
  } finally {
    clearTimeout(timer);
  }
};

const isNewer = (error: unknown) => (error as DOMException)?.name === 'VersionError';

/** A page that stayed open across an update of the product meets a newer schema: what it knows of is all still there. */
const openAny = (create: boolean) =>
  open(create, schemaVersion).catch(error => (isNewer(error) ? open(create) : Promise.reject(error)));

const over = (transaction: IDBTransaction): Transaction => {
  const table = (name: string) => transaction.objectStore(name);
  const entries = table('entries');
  return {
    get: <T>(name: KeyedTable, key: string) => settled<T | undefined>(table(name).get(key)),
    put: (name, key, value) => void table(name).put(value, key),
    all: <T>(name: KeyedTable) => settled<T[]>(table(name).getAll()),
    delete: (name, key) => void table(name).delete(key),
    append: entry => void entries.add(entry),
    has: async seq => (await settled(entries.count(seq))) > 0,
    remove: seq => void entries.delete(seq),
    lanes: async () => {
      const lanes: string[] = [];
      // From one lane to the next by the index alone, not by a cursor: WebKitGTK 2.50 often fails to open one here
      // ("UnknownError: Unable to open cursor").
      for (;;) {
        const last = lanes.at(-1);
        const range = last === undefined ? null : IDBKeyRange.lowerBound(last, true);
        const [next] = await settled<Entry[]>(entries.index('lane').getAll(range, 1));
        if (!next) return lanes;
        lanes.push(next.lane);
      }
    },
    entries: <T>(lane: string | undefined, limit: number) =>
      settled<T[]>(lane === undefined ? entries.getAll(null, limit) : entries.index('lane').getAll(lane, limit)),
  };
};

const transact = async <T>(database: IDBDatabase, mode: Mode, work: (transaction: Transaction) => Promise<T>) => {
  // Relaxed: a kill of the browser loses nothing of a completed transaction, only a power cut may.
  const transaction = database.transaction(tables, mode, { durability: 'relaxed' });
  const completed = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new DOMException('aborted', 'AbortError'));
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

/**
 * What a new connection may mend: one that the browser force-closed or that made way for an upgrade
 * (InvalidStateError), and errors that engines give without a reason (UnknownError, AbortError).
 */
const mayPass = (error: unknown) => error instanceof DOMException && error.name !== 'QuotaExceededError';

/** What a storage that is closed for good answers, rather than coming back to life. */
const gone = () => new DOMException('the queue is closed', 'NotFoundError');

/**
 * Opens the database of this origin.
 * @param create false: reject where there is none, and leave none behind
 * @param onDeleted somebody else deletes the database: a purge in another tab
 * @throws DOMException when IndexedDB is absent, refused, corrupt or hangs
 */
export const openIndexedDb = async (create: boolean, onDeleted: () => void = () => {}): Promise<Storage> => {
  let isGone = false;
  const connect = async (mayCreate: boolean) => {
    const database = await openAny(mayCreate);
    database.onversionchange = event => {
      database.close();
      if (event.newVersion !== null || isGone) return;
      isGone = true;
      onDeleted();
    };
    return database;
  };
  let connection = connect(create);
  const disconnect = (useless: typeof connection) =>
    void useless.then(
      database => database.close(),
      () => {},
    );
  /** One new connection for all who found the old one useless; none when somebody has cleared the site's data. */
  const reconnect = (useless: typeof connection) => {
    if (useless === connection) {
      disconnect(useless);
      connection = connect(false);
    }
    return connection;
  };
  const close = () => {
    isGone = true;
    disconnect(connection);
  };
  await connection;
  return {
    durable: true,
    transact: async (mode, work) => {
      if (isGone) throw gone();
      const used = connection;
      try {
        return await transact(await used, mode, work);
      } catch (error) {
        if (isGone || !mayPass(error)) throw error;
        return transact(await reconnect(used), mode, work);
      }
    },
    destroy: async () => {
      close();
      await settled(indexedDB.deleteDatabase(databaseName));
    },
    close,
  };
};
