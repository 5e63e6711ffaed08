/**
 * The stateless way: rows that passed the catalog and the second hash go on as OTLP/HTTP JSON to the next hop, and are
 * acknowledged to the page only once that hop has. Any number of these run behind a load balancer; removing duplicates
 * (`log.record.uid`) is then the engine's work.
 */
import {
  type Attributes,
  boundOf,
  type Category,
  type EventName,
  parseExportResponse,
  resourceAttributes,
  scopePrefix,
  severity,
  toKeyValues,
  toUnixNano,
} from 'meeting-join-telemetry/practices.js';
import type { Sink } from './logs.js';
import { type ColumnName, columnOfAttribute, type EventRow } from './schema.js';
import type { StoreFailure } from './store.js';

const hopTimeoutMs = 10_000;

const restOf = (row: EventRow): Attributes => JSON.parse(String(row.attributes ?? '{}')) as Attributes;

const columnsAsAttributes = (row: EventRow, isResource: boolean): Attributes =>
  Object.fromEntries(
    [...columnOfAttribute]
      .filter(([name]) => Object.hasOwn(resourceAttributes, name) === isResource)
      .map(([name, column]: [string, ColumnName]) => [name, row[column]]),
  );

const restAsAttributes = (row: EventRow, isResource: boolean): Attributes =>
  Object.fromEntries(
    Object.entries(restOf(row)).filter(
      ([name]) => name !== 'severity_number' && Object.hasOwn(resourceAttributes, name) === isResource,
    ),
  );

const toLogRecord = (row: EventRow) => {
  const event = row.event_name as EventName;
  const attributes: Attributes = {
    ...columnsAsAttributes(row, false),
    ...restAsAttributes(row, false),
    'user.hash': row.user_hash as string | undefined,
    'user_agent.synthetic.type': row.synthetic ? 'test' : undefined,
  };
  return {
    timeUnixNano: toUnixNano(row.recorded_at),
    observedTimeUnixNano: toUnixNano(row.received_at),
    severityNumber: Number(restOf(row).severity_number ?? severity.info),
    eventName: event,
    attributes: toKeyValues(attributes, name => boundOf(event, name) === 'double'),
  };
};

/** Rows of one category and one resource stand together, as the page sent them. */
export const toForwarded = (rows: readonly EventRow[]) => {
  const groups = new Map<string, { resource: Attributes; category: Category; rows: EventRow[] }>();
  for (const row of rows) {
    const resource = { ...columnsAsAttributes(row, true), ...restAsAttributes(row, true) };
    const key = `${row.category} ${JSON.stringify(resource)}`;
    const group = groups.get(key) ?? { resource, category: row.category as Category, rows: [] };
    group.rows.push(row);
    groups.set(key, group);
  }
  return {
    resourceLogs: [...groups.values()].map(({ resource, category, rows: members }) => ({
      resource: { attributes: toKeyValues(resource) },
      scopeLogs: [{ scope: { name: scopePrefix + category }, logRecords: members.map(toLogRecord) }],
    })),
  };
};

const post = async (url: string, rows: readonly EventRow[]): Promise<number | undefined> => {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(toForwarded(rows)),
    redirect: 'error',
    signal: AbortSignal.timeout(hopTimeoutMs),
  });
  const text = await answer.text();
  return answer.status === 200 ? parseExportResponse(text) : undefined;
};

export const createGateway = (baseUrl: string): Sink => {
  const url = `${baseUrl.replace(/\/+$/, '')}/v1/logs`;
  let problem: StoreFailure | undefined;
  let inFlight = 0;
  return {
    async add(rows) {
      if (rows.length === 0) return { stored: 0, duplicates: 0 };
      inFlight += 1;
      const rejected = await post(url, rows).catch(() => undefined);
      inFlight -= 1;
      problem = rejected === undefined ? 'failed' : undefined;
      return rejected === undefined ? 'failed' : { stored: rows.length - rejected, duplicates: 0 };
    },
    problem: () => problem,
    gauges: () => ({ forwards_in_flight: inFlight }),
  };
};
