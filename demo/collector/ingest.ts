/**
 * An export request's JSON → rows fit to be stored, and an account of what was refused. Pure.
 *
 * Must: read only what the catalog declares · never throw, whatever the JSON · let no cleartext user id into a row.
 */
import {
  type AttributeValue,
  type Bound,
  boundOf,
  type Category,
  categories,
  conform,
  type EventName,
  events,
  isFreeText,
  resourceAttributes,
  scopeAttributes,
  scopePrefix,
  scrub,
} from 'meeting-join-telemetry/practices.js';
import type { Limits } from './limits.js';
import type { Pseudonymizer } from './pseudonym.js';
import { type ColumnName, columnOfAttribute, type EventRow } from './schema.js';

export type Refusal = 'malformed' | 'scope' | 'event' | 'category' | 'uid' | 'time';

export const refusals: Record<Refusal, string> = {
  malformed: 'not a log record',
  scope: `the scope is not ${scopePrefix}census, usage or error`,
  event: 'the event is not in the catalog',
  category: 'the event does not belong to the category of its scope',
  uid: 'no log.record.uid of 1 to 36 characters',
  time: 'no timeUnixNano that is a time',
};

export interface Ingested {
  rows: EventRow[];
  refused: Partial<Record<Refusal, number>>;
  refusedCount: number;
  /** Attributes left out because undeclared for their event or of the wrong kind. */
  strippedAttributes: number;
  /** Log records seen, or -1 when there are more than the limit. */
  recordCount: number;
}

export interface IngestContext {
  receivedAt: number;
  pseudonymizer: Pseudonymizer;
  limits: Limits;
}

type Json = Record<string, unknown>;
type Values = Map<string, AttributeValue>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const arrayOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** An int64 travels as a decimal string; proto3 JSON lets numbers stand too. */
const parseInt64 = (value: unknown): number | undefined => {
  if (typeof value === 'number') return Number.isInteger(value) ? value : undefined;
  return typeof value === 'string' && /^-?\d{1,19}$/.test(value) ? Number(value) : undefined;
};

const parseAnyValue = (value: unknown): unknown => {
  if (!isObject(value)) return undefined;
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.intValue !== undefined) return parseInt64(value.intValue);
  if (value.doubleValue !== undefined) return value.doubleValue;
  return value.boolValue;
};

const unfit = /[\0\ud800-\udfff]/;

/** No NUL, and no half of a surrogate pair, which a string cut to its bound may end in: it is no UTF-8. */
const tidy = (value: AttributeValue): AttributeValue =>
  typeof value === 'string' && unfit.test(value) ? Buffer.from(value.replaceAll('\0', '')).toString() : value;

/**
 * No host, name, id or place in a script is as long. The scrubber's time grows with the square of such a run: 12 000
 * characters `a.a.a.…` took it 0.4 s, and a beacon of 4 KB, inflated, held a hundred of them.
 */
const longRun = /(?<!\S)\S{257,}/g;

/** Hashed, or opaque: Teams' threads are called `19:…@thread.v2`. */
const keepsItsAt = new Set(['user.id', 'user.hash', 'log.record.uid', 'meeting.conversation.thread_id']);

/** Other software puts its message in `error.type`, and whoever sends by hand an address where a pool should stand. */
const mayTellWho = (name: string, value: string): boolean =>
  isFreeText(name) || (name === 'error.type' && !/^\w*$/.test(value)) || (value.includes('@') && !keepsItsAt.has(name));

/**
 * As the page does before it sends; whoever sends without the page, or with an older one, finds it done here. Without
 * its NULs, which do not stay and would hide what they stand in.
 */
const scrubbed = (name: string, value: unknown): unknown =>
  typeof value === 'string' && mayTellWho(name, value)
    ? scrub(value.replaceAll('\0', '').replace(longRun, '[long]'))
    : value;

/** What a reader would add up or cast to BIGINT must be one. */
const isCountable = (value: AttributeValue, bound: Bound): boolean => bound !== 'int' || Number.isSafeInteger(value);

const readValue = (name: string, value: unknown, bound: Bound): AttributeValue | undefined => {
  const conforming = conform(scrubbed(name, parseAnyValue(value)), bound);
  return conforming !== undefined && isCountable(conforming, bound) ? tidy(conforming) : undefined;
};

/** What of the attributes is declared, conforming, and how many others there were. */
const readAttributes = (
  keyValues: unknown,
  boundFor: (name: string) => Bound | undefined,
  maxAttributes: number,
): { values: Values; stripped: number } => {
  const values: Values = new Map();
  const all = arrayOf(keyValues);
  for (const keyValue of all.slice(0, maxAttributes)) {
    if (!isObject(keyValue) || typeof keyValue.key !== 'string') continue;
    const bound = boundFor(keyValue.key);
    const value = bound === undefined ? undefined : readValue(keyValue.key, keyValue.value, bound);
    if (value !== undefined) values.set(keyValue.key, value);
  }
  return { values, stripped: all.length - values.size };
};

const declaredIn =
  (bounds: Record<string, Bound>) =>
  (name: string): Bound | undefined =>
    Object.hasOwn(bounds, name) ? bounds[name] : undefined;

const categoryOf = (scopeName: unknown): Category | undefined =>
  categories.find(category => scopeName === scopePrefix + category);

const isEventName = (name: unknown): name is EventName => typeof name === 'string' && Object.hasOwn(events, name);

/** Years 2000 to 2100: a clock may be wrong, but a row must have a time the console can draw. */
const earliestMs = Date.UTC(2000);
const latestMs = Date.UTC(2100);

const isTimeMs = (ms: number): boolean => ms > earliestMs && ms < latestMs;

const parseTimeMs = (value: unknown): number | undefined => {
  const nanoseconds = parseInt64(value);
  const ms = nanoseconds === undefined ? Number.NaN : Math.trunc(nanoseconds / 1e6);
  return isTimeMs(ms) ? ms : undefined;
};

/** What must be added to the client's times; 0 when its clock is right as far as can be told. */
const skewMsOf = (sentAt: AttributeValue | undefined, { receivedAt, limits }: IngestContext): number => {
  if (typeof sentAt !== 'number' || !isTimeMs(sentAt)) return 0;
  const skewMs = receivedAt - sentAt;
  return Math.abs(skewMs) > limits.maxClockSkewMs ? skewMs : 0;
};

/** Replaces the user attributes by their pseudonyms. Lower case: SIP URIs and user names are compared without case. */
const hideUser = (row: EventRow, values: Values, { pseudonymizer }: IngestContext): void => {
  const clientHash = values.get('user.hash');
  const clearText = values.get('user.id');
  values.delete('user.hash');
  values.delete('user.id');
  const value = clientHash ?? (typeof clearText === 'string' ? clearText.toLowerCase() : undefined);
  if (typeof value !== 'string' || value === '') return;
  const category = clientHash === undefined ? 'error' : 'census';
  row.user_hash = pseudonymizer.current(category, value);
  row.user_hash_previous = pseudonymizer.previous?.(category, value);
};

const fill = (row: EventRow, values: Values, rest: Record<string, AttributeValue>): void => {
  for (const [name, value] of values) {
    const column: ColumnName | undefined = columnOfAttribute.get(name);
    if (column === undefined) rest[name] = value;
    else (row as Record<string, unknown>)[column] = value;
  }
};

/** https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber */
const isSeverity = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 24;

interface Batch {
  category: Category;
  resource: Values;
  skewMs: number;
  context: IngestContext;
}

const toRow = (batch: Batch, record: Json, event: EventName, recordedAt: number, values: Values): EventRow => {
  const { category, context, resource, skewMs } = batch;
  const row: EventRow = {
    uid: String(values.get('log.record.uid')),
    category,
    event_name: event,
    recorded_at: recordedAt + skewMs,
    received_at: context.receivedAt,
    clock_skew_ms: skewMs === 0 ? undefined : skewMs,
    synthetic: values.delete('user_agent.synthetic.type'),
  };
  hideUser(row, values, context);
  const rest: Record<string, AttributeValue> = {};
  fill(row, resource, rest);
  fill(row, values, rest);
  if (typeof row.pool === 'string') row.pool = row.pool.toLowerCase();
  const severity = record.severityNumber;
  if (category === 'error' && isSeverity(severity)) rest.severity_number = severity;
  row.attributes = JSON.stringify(rest);
  return row;
};

const refusalOf = (batch: Batch, event: EventName): Refusal | undefined => {
  const declared = events[event].category;
  return declared === '*' || declared === batch.category ? undefined : 'category';
};

const readRecord = (batch: Batch, record: unknown): { row: EventRow; stripped: number } | Refusal => {
  if (!isObject(record)) return 'malformed';
  const event = record.eventName;
  if (!isEventName(event)) return 'event';
  const refusal = refusalOf(batch, event);
  if (refusal !== undefined) return refusal;
  const recordedAt = parseTimeMs(record.timeUnixNano);
  if (recordedAt === undefined || !isTimeMs(recordedAt + batch.skewMs)) return 'time';
  const { maxAttributes } = batch.context.limits;
  const { values, stripped } = readAttributes(record.attributes, name => boundOf(event, name), maxAttributes);
  if (!values.get('log.record.uid')) return 'uid';
  return { row: toRow(batch, record, event, recordedAt, values), stripped };
};

const refuse = (ingested: Ingested, refusal: Refusal, count = 1): void => {
  ingested.refused[refusal] = (ingested.refused[refusal] ?? 0) + count;
  ingested.refusedCount += count;
};

const readScopeLogs = (scopeLogs: Json, resource: Values, context: IngestContext, ingested: Ingested): void => {
  const records = arrayOf(scopeLogs.logRecords);
  const scope = isObject(scopeLogs.scope) ? scopeLogs.scope : {};
  const category = categoryOf(scope.name);
  if (category === undefined) {
    if (records.length > 0) refuse(ingested, 'scope', records.length);
    return;
  }
  const { values, stripped } = readAttributes(
    scope.attributes,
    declaredIn(scopeAttributes),
    context.limits.maxAttributes,
  );
  ingested.strippedAttributes += stripped;
  const batch = { category, resource, skewMs: skewMsOf(values.get('telemetry.sent_at_ms'), context), context };
  for (const record of records) {
    const read = readRecord(batch, record);
    if (typeof read === 'string') {
      refuse(ingested, read);
    } else {
      ingested.rows.push(read.row);
      ingested.strippedAttributes += read.stripped;
    }
  }
};

interface ResourceLogs {
  resource: unknown;
  scopeLogs: Json[];
}

/** In proto3's JSON null stands for a field that is not there. https://protobuf.dev/programming-guides/json/#null-values */
const isList = (value: unknown): value is unknown[] | null | undefined => value == null || Array.isArray(value);

const checkScopeLogs = (value: unknown): Json | undefined =>
  isObject(value) && isList(value.logRecords) ? value : undefined;

const checkResourceLogs = (value: unknown): ResourceLogs | undefined => {
  if (!isObject(value) || !isList(value.scopeLogs)) return undefined;
  const scopeLogs = arrayOf(value.scopeLogs).map(checkScopeLogs);
  return scopeLogs.includes(undefined) ? undefined : { resource: value.resource, scopeLogs: scopeLogs as Json[] };
};

/** The request's frame, or undefined when it is no `ExportLogsServiceRequest`. */
const parseFrame = (body: unknown): ResourceLogs[] | undefined => {
  if (!isObject(body) || !isList(body.resourceLogs)) return undefined;
  const all = arrayOf(body.resourceLogs).map(checkResourceLogs);
  return all.includes(undefined) ? undefined : (all as ResourceLogs[]);
};

const countRecords = (frame: ResourceLogs[]): number =>
  frame.reduce(
    (sum, { scopeLogs }) => sum + scopeLogs.reduce((count, scope) => count + arrayOf(scope.logRecords).length, 0),
    0,
  );

/** Undefined when the body is no export request at all: that is a 400. Everything smaller is refused by record. */
export const ingest = (body: unknown, context: IngestContext): Ingested | undefined => {
  const frame = parseFrame(body);
  if (frame === undefined) return undefined;
  const recordCount = countRecords(frame);
  const ingested: Ingested = { rows: [], refused: {}, refusedCount: 0, strippedAttributes: 0, recordCount };
  if (recordCount > context.limits.maxRecords) return { ...ingested, recordCount: -1 };
  for (const { resource, scopeLogs } of frame) {
    const { values, stripped } = readAttributes(
      isObject(resource) ? resource.attributes : undefined,
      declaredIn(resourceAttributes),
      context.limits.maxAttributes,
    );
    ingested.strippedAttributes += stripped;
    for (const scope of scopeLogs) readScopeLogs(scope, values, context, ingested);
  }
  return ingested;
};
