/** `POST /v1/logs`, in JSON or protobuf: limits → body → catalog → sink → answer. */
import type { IncomingMessage } from 'node:http';
import type { Context } from 'hono';
import { type BodyProblem, readBody } from './body.js';
import { type Client, type ClientRate, createClientRate } from './client-rate.js';
import type { Fault, Faults } from './faults.js';
import { type Ingested, ingest, type Refusal, refusals } from './ingest.js';
import type { Limits } from './limits.js';
import type { CounterName, Metrics } from './metrics.js';
import { type Answer, answerAccepted, answerStatus, type MediaType, respond } from './otlp-answer.js';
import { parseExportRequest } from './otlp-protobuf.js';
import type { Pseudonymizer } from './pseudonym.js';
import type { EventRow } from './schema.js';
import type { Added, Stored, StoreFailure } from './store.js';

/** An answer of the sink's own, to be passed on: the next hop's. */
export interface Declined {
  status: number;
  message: string;
  retryAfter?: string;
}

/** Where accepted rows go: the store, or the next hop. `add` resolves when they are safe there. */
export interface Sink {
  add(rows: EventRow[]): Promise<Added | Declined>;
  /** What counts the rows it took. */
  counter: CounterName;
  /** Why it cannot take any at present, as far as is known. */
  problem(): StoreFailure | undefined;
  /** Tries whether it can again, and remembers it. */
  probe(): Promise<void>;
  gauges(): Record<string, number>;
}

export interface LogsOptions {
  sink: Sink;
  limits: Limits;
  pseudonymizer: Pseudonymizer;
  faults: Faults;
  metrics: Metrics;
  clientAddress: (context: Context) => string | undefined;
  now: () => number;
}

const bodyProblems: Record<Exclude<BodyProblem, 'no-room'>, [status: number, message: string]> = {
  'too-large': [413, 'The body is too large: send fewer records at once.'],
  'not-gzip': [400, 'The body is not the gzip its Content-Encoding says.'],
  encoding: [415, 'Content-Encoding is gzip or none.'],
  'broken-off': [400, 'The body broke off.'],
};

/** Seconds after which to come back. A full disk takes a person; a crowd disperses by itself. */
const failures: Record<StoreFailure, [retryAfterSeconds: number, message: string]> = {
  busy: [2, 'Too much at once.'],
  'disk-full': [60, 'The disk is full.'],
  failed: [5, 'Storing failed.'],
  closed: [5, 'The collector is stopping.'],
};

const busy = answerStatus(503, failures.busy[1], failures.busy[0]);

const mediaTypes: readonly string[] = ['application/json', 'application/x-protobuf'] satisfies MediaType[];

/** What the request is encoded in, and its answer will be. */
const mediaTypeOf = (context: Context): MediaType | undefined => {
  const mediaType = context.req.header('Content-Type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  return mediaTypes.includes(mediaType) ? (mediaType as MediaType) : undefined;
};

/** Node's side of the request, where Node's server is underneath. */
export const incomingOf = (context: Context): IncomingMessage | undefined =>
  ((context.env ?? {}) as { incoming?: IncomingMessage }).incoming;

const cutConnection = (context: Context): Answer => {
  incomingOf(context)?.socket.destroy();
  return answerStatus(502, 'The connection is cut here.');
};

/** What a fault answers before anything is read; undefined: go on. */
const faultAnswer = async (context: Context, fault: Fault): Promise<Answer | undefined> => {
  if (fault.kind === 'refuse') return cutConnection(context);
  if (fault.kind === 'answer') return answerStatus(fault.status, 'A fault on purpose.', fault.retryAfterSeconds);
  if (fault.kind === 'delay') await new Promise(resolve => setTimeout(resolve, fault.delayMs));
  return undefined;
};

const describe = ({ refused, strippedAttributes }: Ingested): string => {
  const parts = Object.entries(refused).map(([reason, count]) => `${count}: ${refusals[reason as Refusal]}`);
  if (strippedAttributes > 0) parts.push(`${strippedAttributes} attributes left out: undeclared or of the wrong kind`);
  return parts.join('; ');
};

const count = (metrics: Metrics, counter: CounterName, ingested: Ingested, added: Stored): void => {
  metrics.add(counter, added.stored);
  metrics.add('records_refused_total', added.refused ?? 0, 'next_hop');
  metrics.add('records_duplicate_total', added.duplicates);
  metrics.add('attributes_stripped_total', ingested.strippedAttributes);
  for (const [reason, refusedCount] of Object.entries(ingested.refused)) {
    metrics.add('records_refused_total', refusedCount, reason);
  }
};

const parsers: Record<MediaType, (bytes: Uint8Array) => unknown> = {
  'application/json': bytes => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)),
  'application/x-protobuf': parseExportRequest,
};

const parse = (bytes: Uint8Array, mediaType: MediaType): unknown => {
  try {
    return parsers[mediaType](bytes);
  } catch {
    return undefined;
  }
};

export const createLogsHandler = (options: LogsOptions): ((context: Context) => Promise<Response>) => {
  const { sink, limits, pseudonymizer, faults, metrics, clientAddress, now } = options;
  const countRequest: ClientRate = createClientRate(limits);
  let bytesInFlight = 0;

  const hold = (client: Client, length: number): void => {
    client.bytesInFlight += length;
    bytesInFlight += length;
  };

  /** Why no more bytes of a client are taken into memory; undefined when they are. */
  const findCrowd = (client: Client): Answer | undefined => {
    if (client.bytesInFlight > limits.maxClientBytesInFlight) {
      return answerStatus(429, 'Too much at once from one client.', failures.busy[0]);
    }
    return bytesInFlight > limits.maxBytesInFlight ? busy : undefined;
  };

  const add = async (ingested: Ingested): Promise<Answer> => {
    const added = await sink.add(ingested.rows);
    if (typeof added === 'string') {
      const [retryAfterSeconds, message] = failures[added];
      return answerStatus(503, message, retryAfterSeconds);
    }
    if ('status' in added) return answerStatus(added.status, added.message, added.retryAfter);
    count(metrics, sink.counter, ingested, added);
    const messages = [describe(ingested), added.message ?? ''].filter(message => message !== '');
    return answerAccepted(ingested.refusedCount + (added.refused ?? 0), messages.join('; '));
  };

  const take = (bytes: Uint8Array, mediaType: MediaType): Promise<Answer> | Answer => {
    const body = parse(bytes, mediaType);
    const ingested = body === undefined ? undefined : ingest(body, { receivedAt: now(), pseudonymizer, limits });
    if (ingested === undefined)
      return answerStatus(400, `The body is not an ExportLogsServiceRequest as ${mediaType}.`);
    if (ingested.recordCount < 0) return answerStatus(413, `More than ${limits.maxRecords} log records.`);
    return add(ingested);
  };

  /** Reads the body and takes what it holds. As it arrives, too, there must be room: it was announced, not sent, when it was let in. */
  const receive = async (context: Context, mediaType: MediaType, client: Client): Promise<Answer> => {
    let held = 0;
    const holdMore = (length: number): void => {
      held += length;
      hold(client, length);
    };
    const onBytes = (length: number): boolean => {
      if (findCrowd(client) !== undefined) return false;
      holdMore(length);
      return true;
    };
    try {
      const bytes = await readBody(context.req.raw, incomingOf(context), limits, onBytes);
      metrics.add('received_bytes_total', held);
      // A bomb has cost what it was inflated to.
      const inflatedLength = bytes === 'too-large' ? limits.maxInflatedBytes : bytes.length;
      client.tokens -= Math.floor(inflatedLength / limits.bytesPerRequest);
      if (bytes === 'no-room') return findCrowd(client) ?? busy;
      if (typeof bytes === 'string') return answerStatus(...bodyProblems[bytes]);
      // Its rows are as large as it is inflated, and wait until they are safe.
      holdMore(bytes.length - held);
      return await take(bytes, mediaType);
    } finally {
      hold(client, -held);
    }
  };

  const handle = async (context: Context, mediaType: MediaType | undefined): Promise<Answer> => {
    const fault = faults.get();
    const early = await faultAnswer(context, fault);
    if (early !== undefined) return early;
    const { client, waitSeconds } = countRequest(clientAddress(context) ?? '', now());
    if (waitSeconds > 0) return answerStatus(429, 'Too many requests from one client.', waitSeconds);
    if (mediaType === undefined) return answerStatus(415, `Content-Type is ${mediaTypes.join(' or ')}.`);
    const answer = findCrowd(client) ?? (await receive(context, mediaType, client));
    return fault.kind === 'lose-answer' ? cutConnection(context) : answer;
  };

  return async context => {
    const startedAt = performance.now();
    const mediaType = mediaTypeOf(context);
    const answer = await handle(context, mediaType);
    metrics.add('requests_total', 1, `${answer.status}`);
    metrics.observeMs(performance.now() - startedAt);
    return respond(answer, mediaType ?? 'application/json');
  };
};
