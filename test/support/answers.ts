/** What a collector, or whatever stands between it and the page, may do with a beacon. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface SeenRecord {
  uid: string;
  event: string;
  category: string;
  timeMs: number;
  attributes: Record<string, string | number | boolean>;
}

export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  /** Of the body as it came over the wire. */
  wireBytes: number;
  encoding: string;
  records: SeenRecord[];
  /** Commits the records, as a collector does before it acknowledges. */
  store(records?: SeenRecord[]): void;
}

export type Answer = (exchange: Exchange) => void | Promise<void>;

const json = ({ response }: Exchange, status: number, body: unknown, headers: Record<string, string> = {}): void => {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
};

export const accept: Answer = exchange => {
  exchange.store();
  json(exchange, 200, {});
};

export const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  exchange =>
    json(exchange, code, { code: 0, message: `scripted ${code}` }, headers);

export const delayed =
  (delayMs: number, answer: Answer = accept): Answer =>
  async exchange => {
    await sleep(delayMs, undefined, { ref: false });
    await answer(exchange);
  };

/** The body was read; nobody ever answers. */
export const hang: Answer = () => undefined;

/** Committed, but the connection dies before the answer. */
export const loseAnswer: Answer = ({ store, request }) => {
  store();
  request.socket.destroy();
};

/** Committed, but a proxy in between answers for the collector. */
export const storeThenStatus =
  (code: number): Answer =>
  exchange => {
    exchange.store();
    status(code)(exchange);
  };

export const captivePortal: Answer = ({ response }) => {
  response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>Welcome to the hotel</title>');
};

/** 200 and JSON, but nobody's idea of an export response. */
export const strangersJson: Answer = exchange => json(exchange, 200, { login: 'required' });

export const redirect =
  (location: string): Answer =>
  ({ response }) => {
    response.writeHead(302, { Location: location }).end();
  };

type Predicate = (record: SeenRecord) => boolean;

/** Takes what it likes and says how many it refused. */
export const partialSuccess =
  (isRefused: Predicate): Answer =>
  exchange => {
    const taken = exchange.records.filter(record => !isRefused(record));
    exchange.store(taken);
    const rejectedLogRecords = `${exchange.records.length - taken.length}`;
    json(exchange, 200, { partialSuccess: { rejectedLogRecords, errorMessage: 'scripted' } });
  };

/** Refuses the whole batch for one record it cannot stand. */
export const poisonedBy =
  (isPoison: Predicate): Answer =>
  exchange =>
    exchange.records.some(isPoison) ? status(400)(exchange) : accept(exchange);

export const tooLargeOver =
  (maxRecords: number, isAlwaysTooLarge: Predicate = () => false): Answer =>
  exchange =>
    exchange.records.length > maxRecords || exchange.records.some(isAlwaysTooLarge)
      ? status(413)(exchange)
      : accept(exchange);

export const refuseGzip: Answer = exchange => (exchange.encoding === 'gzip' ? status(415)(exchange) : accept(exchange));
