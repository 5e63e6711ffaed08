import { EventEmitter } from 'node:events';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { type Context, Hono } from 'hono';
import { categories } from 'meeting-join-telemetry/practices.js';
import { columnNames, createTables } from '../../../demo/collector/schema.js';
import { createApi, type FaultSwitch, type OpsHouse } from '../../../demo/ops/api.js';
import type { AuditEntry, FaultKind } from '../../../demo/ops/browser/api.js';
import { isOn, type RawCollection } from '../../../demo/ops/configurations.js';
import type { Changes } from '../../../demo/ops/joins-table.js';
import { openStore, type Store } from '../../../demo/ops/store.js';

/** A record as the store keeps it; what is left out is null. */
export interface StoredEvent {
  uid: string;
  category: string;
  event_name: string;
  recorded_at: number;
  received_at: number;
  join_id?: string;
  [column: string]: string | number | boolean | null | undefined;
}

export interface MemoryHouse {
  store: Store;
  connection: DuckDBConnection;
  put(events: readonly StoredEvent[]): Promise<void>;
  /** Deletes what arrived before; everything, when told nothing. */
  expire(beforeMs?: number): Promise<void>;
  app: Hono;
  fault(): FaultKind;
  /** How many wait for what arrives. */
  listeners(): number;
  close(): void;
}

export const token = 'sesame';

const literal = (value: string | number | boolean | null | undefined): string => {
  if (value === null || value === undefined) return 'null';
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value);
};

const cell = (event: StoredEvent, name: string): string => {
  const value = event[name] ?? (name === 'synthetic' ? false : null);
  return name.endsWith('_at') ? `epoch_ms(${value})` : literal(value);
};

const row = (event: StoredEvent): string => `(${columnNames.map(name => cell(event, name)).join(', ')})`;

const makeBook = (): OpsHouse['configurations'] => {
  const collections: RawCollection[] = [{ Identity: 'global', MeetingUxEnableTelemetry: false }];
  const entries: AuditEntry[] = [];
  return {
    list: async () => collections,
    audit: async () => entries,
    change: async (identity, properties, who) => {
      let found = collections.find(({ Identity }) => Identity.toLowerCase() === identity.toLowerCase());
      const before = found ? isOn(found.MeetingUxEnableTelemetry) : null;
      if (!found) {
        found = { Identity: identity };
        collections.push(found);
      }
      Object.assign(found, properties);
      entries.unshift({ atMs: Date.now(), who, identity, before, after: isOn(found.MeetingUxEnableTelemetry) });
      return found;
    },
  };
};

const makeFaults = (): FaultSwitch => {
  let kind: FaultKind = 'none';
  return {
    get: () => kind,
    set: next => {
      kind = next;
    },
  };
};

/** The console's server over an empty store in memory. */
export const openMemoryHouse = async (now?: () => number): Promise<MemoryHouse> => {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await instance.connect();
  for (const statement of createTables) await connection.run(statement);
  const emitter = new EventEmitter();
  const changes: Changes = {
    onStored: listener => {
      emitter.on('stored', listener);
      return () => emitter.off('stored', listener);
    },
    onExpired: listener => {
      emitter.on('expired', listener);
      return () => emitter.off('expired', listener);
    },
  };
  const store = openStore(() => instance.connect(), changes);
  const faults = makeFaults();
  const app = new Hono();
  const house: OpsHouse = {
    store,
    onStored: changes.onStored,
    configurations: makeBook(),
    faults,
    authorize: async (context: Context, next) =>
      context.req.header('Authorization') === `Bearer ${token}` || context.req.header('Cookie') === `ops=${token}`
        ? next()
        : context.json({ error: 'the operator’s token is missing' }, 401),
    now,
  };
  app.route('/api', createApi(house).api);
  return {
    store,
    connection,
    app,
    fault: () => faults.get(),
    listeners: () => emitter.listenerCount('stored'),
    put: async events => {
      for (const event of events) await connection.run(`insert into ${event.category} values ${row(event)}`);
      emitter.emit('stored', events);
    },
    expire: async (beforeMs = Number.MAX_SAFE_INTEGER) => {
      for (const category of categories) {
        await connection.run(`delete from ${category} where epoch_ms(received_at) < ${beforeMs}`);
      }
      emitter.emit('expired', 'usage', beforeMs);
    },
    close: () => connection.closeSync(),
  };
};
