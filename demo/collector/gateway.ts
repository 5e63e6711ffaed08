/**
 * The stateless way: rows that passed the catalog and the second hash go on as OTLP/HTTP JSON to the next hop, and are
 * acknowledged to the page only once that hop has. Any number of these run behind a load balancer; removing duplicates
 * (`log.record.uid`) is then the engine's work.
 */
import { type Agent, Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { text as readText } from 'node:stream/consumers';
import {
  type Attributes,
  boundOf,
  type Category,
  type EventName,
  parseExportResponse,
  resourceAttributes,
  scopePrefix,
  severity,
  toAnyValue,
  toKeyValues,
  toUnixNano,
} from 'meeting-join-telemetry/practices.js';
import type { Declined, Sink } from './logs.js';
import { type ColumnName, columnOfAttribute, type EventRow } from './schema.js';
import type { Added, StoreFailure } from './store.js';

const hopTimeoutMs = 10_000;
const probeTimeoutMs = 2000;
/** Sooner than any server closes an idle connection: a beacon sent into one that is just closing must come again. */
const idleTimeoutMs = 4000;

/** Which column holds which attribute of the resource, and which of the record: looked up once, not for every row. */
const columnsOf = (isResource: boolean): [string, ColumnName][] =>
  [...columnOfAttribute].filter(([name]) => Object.hasOwn(resourceAttributes, name) === isResource);

const resourceColumns = columnsOf(true);
const recordColumns = columnsOf(false);

interface Parts {
  resource: Attributes;
  record: Attributes;
  severityNumber: number;
}

/** A row's attributes, told apart again. */
const takeApart = (row: EventRow): Parts => {
  const { severity_number = severity.info, ...rest } = JSON.parse(String(row.attributes ?? '{}')) as Attributes;
  const parts: Parts = { resource: {}, record: {}, severityNumber: Number(severity_number) };
  for (const [name, column] of resourceColumns) parts.resource[name] = row[column];
  for (const [name, column] of recordColumns) parts.record[name] = row[column];
  for (const [name, value] of Object.entries(rest)) {
    parts[Object.hasOwn(resourceAttributes, name) ? 'resource' : 'record'][name] = value;
  }
  return parts;
};

const toLogRecord = (row: EventRow, { record, severityNumber }: Parts) => {
  const event = row.event_name as EventName;
  const attributes: Attributes = {
    ...record,
    'user.hash': row.user_hash as string | undefined,
    'user_agent.synthetic.type': row.synthetic ? 'test' : undefined,
  };
  return {
    timeUnixNano: toUnixNano(row.recorded_at),
    observedTimeUnixNano: toUnixNano(row.received_at),
    severityNumber,
    eventName: event,
    attributes: toKeyValues(attributes, (value, name) => toAnyValue(value, boundOf(event, name) === 'double')),
  };
};

interface Group {
  resource: Attributes;
  category: Category;
  logRecords: ReturnType<typeof toLogRecord>[];
}

/** Rows of one category and one resource stand together, as the page sent them. */
export const toForwarded = (rows: readonly EventRow[]) => {
  const groups = new Map<string, Group>();
  for (const row of rows) {
    const parts = takeApart(row);
    const key = `${row.category} ${JSON.stringify(parts.resource)}`;
    const group = groups.get(key) ?? { resource: parts.resource, category: row.category as Category, logRecords: [] };
    group.logRecords.push(toLogRecord(row, parts));
    groups.set(key, group);
  }
  return {
    resourceLogs: [...groups.values()].map(({ resource, category, logRecords }) => ({
      resource: { attributes: toKeyValues(resource) },
      scopeLogs: [{ scope: { name: scopePrefix + category }, logRecords }],
    })),
  };
};

/** The next hop's answers after which the same beacon may come again. https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const retryable = new Set([429, 502, 503, 504]);

/** What the page's tag reads more into than "not this beacon": to send plainly, to stop for good. Those words are ours alone. */
const ourOwnWords = new Set([410, 415]);

/** These judge the beacon; every other refusal says that the next hop, or the way to it, is not in order. */
const isJudgement = (status: number): boolean => status === 200 || status === 400 || status === 413;

const hopSays = (status: number): string => `The next hop answered ${status}.`;

const noAnswer: Declined = { status: 503, message: 'The next hop did not answer.', retryAfter: '5' };

const toAdded = (text: string, count: number): Added | Declined => {
  const refused = parseExportResponse(text);
  if (refused === undefined) return { status: 502, message: 'The next hop answered 200, but not as OTLP does.' };
  const message = (JSON.parse(text) as { partialSuccess?: { errorMessage?: unknown } }).partialSuccess?.errorMessage;
  return { stored: count - refused, duplicates: 0, refused, message: typeof message === 'string' ? message : '' };
};

/** Final stays final, and what may come again says when. */
const toDeclined = (status: number, retryAfter: string | null): Declined => {
  if (retryable.has(status)) {
    return { status, message: hopSays(status), ...(retryAfter === null ? {} : { retryAfter }) };
  }
  const isFinal = status >= 400 && status < 600;
  return { status: !isFinal ? 502 : ourOwnWords.has(status) ? 500 : status, message: hopSays(status) };
};

interface Answer {
  /** 0: there was none. */
  status: number;
  added: Added | Declined;
}

/** Not fetch: with it a beacon of one record, as pages send them, costs the processor half as much again. */
const request = (
  url: URL,
  agent: Agent,
  body: string,
  timeoutMs: number,
): Promise<{ response: IncomingMessage; text: string }> =>
  new Promise((resolve, reject) => {
    const options = {
      method: 'POST',
      agent,
      headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
      signal: AbortSignal.timeout(timeoutMs),
    };
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    send(url, options, response => readText(response).then(text => resolve({ response, text }), reject))
      .once('error', reject)
      .end(body);
  });

const post = async (url: URL, agent: Agent, body: string, count: number, timeoutMs: number): Promise<Answer> => {
  try {
    const { response, text } = await request(url, agent, body, timeoutMs);
    const status = response.statusCode ?? 0;
    // Whoever sends us elsewhere is not the next hop.
    if (status >= 300 && status < 400) return { status: 0, added: noAnswer };
    const added = status === 200 ? toAdded(text, count) : toDeclined(status, response.headers['retry-after'] ?? null);
    return { status, added };
  } catch {
    return { status: 0, added: noAnswer };
  }
};

const isDeclined = (added: Added | Declined): boolean => typeof added === 'string' || 'status' in added;

export const createGateway = (baseUrl: string): Sink => {
  const url = new URL(`${baseUrl.replace(/\/+$/, '')}/v1/logs`);
  const agent = new (url.protocol === 'https:' ? HttpsAgent : HttpAgent)({
    keepAlive: true,
    timeout: idleTimeoutMs,
  });
  let problem: StoreFailure | undefined;
  let inFlight = 0;

  const ask = async (body: string, count: number, timeoutMs: number): Promise<Added | Declined> => {
    inFlight += 1;
    const { status, added } = await post(url, agent, body, count, timeoutMs);
    inFlight -= 1;
    problem = isJudgement(status) && !(status === 200 && isDeclined(added)) ? undefined : 'failed';
    return added;
  };

  return {
    counter: 'records_forwarded_total',
    add: async rows =>
      rows.length === 0
        ? { stored: 0, duplicates: 0 }
        : ask(JSON.stringify(toForwarded(rows)), rows.length, hopTimeoutMs),
    problem: () => problem,
    /** A beacon without records, which every OTLP receiver takes. */
    probe: async () => void (await ask('{"resourceLogs":[]}', 0, probeTimeoutMs)),
    gauges: () => ({ forwards_in_flight: inFlight }),
  };
};
