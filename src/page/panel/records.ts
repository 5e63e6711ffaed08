/** What is on this device: read from the queue, never written, and no queue is made where there is none. */
import { type Drops, databaseName, disclose, openIndexedDb, version } from '../../delivery/index.js';
import { type Category, type KeyValue, type LogRecord, toExportRequest } from '../../practices/index.js';

/** A record as the panel shows it. */
export interface ShownRecord {
  uid: string;
  category: Category;
  eventName: string;
  at: Date;
  attributes: [name: string, value: string][];
  /** The request that carries it, as OTLP JSON. */
  raw: string;
}

export interface Holdings {
  waiting: ShownRecord[];
  /** All that wait; `waiting` is the oldest of them. */
  waitingCount: number;
  sent: ShownRecord[];
  drops: Drops[];
}

/** More than anybody reads; the rest is counted. */
const maxShown = 50;

const nothing: Holdings = { waiting: [], waitingCount: 0, sent: [], drops: [] };

const textOf = ({ value }: KeyValue): string => `${Object.values(value)[0]}`;

interface Held {
  category: Category;
  resource: KeyValue[];
  record: LogRecord;
  sentAt?: number;
}

const toShown = ({ category, resource, record, sentAt }: Held): ShownRecord => {
  const [uid, ...own] = record.attributes;
  return {
    uid: uid ? textOf(uid) : '',
    category,
    eventName: record.eventName,
    at: new Date(Number(record.timeUnixNano.slice(0, -6))),
    attributes: [...own, ...resource].map(attribute => [attribute.key, textOf(attribute)]),
    raw: JSON.stringify(toExportRequest(category, version, resource, [record], sentAt ?? Date.now()), null, 2),
  };
};

const exists = async () => (await indexedDB.databases()).some(({ name }) => name === databaseName);

/** @returns nothing where IndexedDB is absent or broken: then nothing is kept beyond this page either */
export const readHoldings = async (): Promise<Holdings> => {
  try {
    if (!(await exists())) return nothing;
    const storage = await openIndexedDb(false);
    try {
      const { waiting, waitingCount, sent, drops } = await disclose(storage, maxShown);
      return { waiting: waiting.map(toShown), waitingCount, sent: sent.map(toShown).reverse(), drops };
    } finally {
      storage.close();
    }
  } catch {
    return nothing;
  }
};
