/**
 * A collector that can be told to misbehave: it records every beacon it saw, stores by uid as the real one does, and
 * answers as the test scripted. It also serves what a page of the product needs, from the same origin.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { extname, normalize, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { type Answer, accept, type Exchange, type SeenRecord } from './answers.js';
import { assertConforms } from './conformance.js';
import { testPage } from './page.js';
import { freePort } from './ports.js';

export interface Beacon {
  at: number;
  /** From the first byte of the request to the end of our answer, undefined while unanswered. */
  answeredAt?: number;
  headers: IncomingMessage['headers'];
  encoding: string;
  wireBytes: number;
  body: unknown;
  records: SeenRecord[];
  status?: number;
}

export interface Configuration {
  status: number;
  contentType: string;
  body: string | Buffer;
}

export interface Collector {
  origin: string;
  port: number;
  /** Every POST to /v1/logs whose body was read, in order. */
  beacons: Beacon[];
  /** Every request, as "GET /path". */
  requests: string[];
  /** By uid: what the disk of a real collector would hold. */
  stored: Map<string, SeenRecord>;
  /** How often each uid was seen, acknowledged or not. */
  copies(): Map<string, number>;
  /** Each answer serves one beacon; then the standing answer holds again. */
  answerNext(...answers: Answer[]): void;
  answerAlways(answer: Answer): void;
  /** Accepts everything again, at once. */
  answerAsUsual(): void;
  configuration: Configuration;
  /** Prepended to every page, and to the worker's script. */
  pageHead: string;
  /** Further files, by path. */
  extras: Map<string, { contentType: string; body: string }>;
  workerPrelude: string;
  /** Headers of the page. */
  pageHeaders: Record<string, string>;
  workerHeaders: Record<string, string>;
  workerStatus: number;
  /** Stops listening and drops every connection: "connection refused". */
  refuse(): Promise<void>;
  /** Listens again, on the same port. */
  comeBack(): Promise<void>;
  whenStored(isEnough: (stored: SeenRecord[]) => boolean, patienceMs?: number): Promise<SeenRecord[]>;
  whenBeacon(isIt: (beacon: Beacon) => boolean, patienceMs?: number): Promise<Beacon>;
  /** Polls a count until it is zero. */
  whenQueueEmpty(count: () => Promise<number>, patienceMs?: number): Promise<void>;
  close(): Promise<void>;
}

interface WireValue {
  stringValue?: string;
  intValue?: string;
  doubleValue?: number;
  boolValue?: boolean;
}

interface WireBody {
  resourceLogs: {
    scopeLogs: {
      scope: { name: string };
      logRecords: { eventName: string; timeUnixNano: string; attributes: { key: string; value: WireValue }[] }[];
    }[];
  }[];
}

const readValue = (value: WireValue): string | number | boolean =>
  value.stringValue ?? value.doubleValue ?? value.boolValue ?? Number(value.intValue);

const recordsOf = (body: WireBody): SeenRecord[] =>
  body.resourceLogs
    .flatMap(({ scopeLogs }) => scopeLogs)
    .flatMap(({ scope, logRecords }) =>
      logRecords.map(record => {
        const attributes = Object.fromEntries(record.attributes.map(({ key, value }) => [key, readValue(value)]));
        return {
          uid: String(attributes['log.record.uid']),
          event: record.eventName,
          category: scope.name.slice(scope.name.indexOf('/') + 1),
          timeMs: Number(BigInt(record.timeUnixNano) / 1_000_000n),
          attributes,
        };
      }),
    );

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

const contentTypes: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.html': 'text/html; charset=utf-8',
};

const workerFile = 'meeting-join-telemetry-sw.js';

export const poolOn = 'pool01.contoso.com';
export const poolOff = 'pool02.contoso.com';

/** As an administrator exports it: one pool on, one off, global off. */
export const configurationOf = (flags: Record<string, boolean>): Configuration => ({
  status: 200,
  contentType: 'application/json',
  body: JSON.stringify([
    { Identity: 'global', MeetingUxEnableTelemetry: false },
    ...Object.entries(flags).map(([pool, flag]) => ({
      Identity: `service:WebServer:${pool}`,
      MeetingUxEnableTelemetry: flag,
    })),
  ]),
});

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((done, failed) => {
    server.once('error', failed);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', failed);
      done();
    });
  });

const until = async <T>(what: string, patienceMs: number, probe: () => T | undefined): Promise<T> => {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const found = probe();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${patienceMs} ms`);
    await sleep(10);
  }
};

const defaultPatienceMs = 20_000;

export const startCollector = async (): Promise<Collector> => {
  const port = await freePort();
  const dist = resolve('dist');
  const nonconforming: Error[] = [];
  const answers: Answer[] = [];
  let standing: Answer = accept;

  const ingest = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const at = Date.now();
    const wire = await readBody(request);
    const encoding = request.headers['content-encoding'] ?? 'identity';
    const body: unknown = JSON.parse(String(encoding === 'gzip' ? gunzipSync(wire) : wire));
    const records = recordsOf(body as WireBody);
    const beacon: Beacon = { at, headers: request.headers, encoding, wireBytes: wire.length, body, records };
    collector.beacons.push(beacon);
    try {
      assertConforms(body);
    } catch (error) {
      nonconforming.push(error as Error);
    }
    response.once('finish', () => Object.assign(beacon, { answeredAt: Date.now(), status: response.statusCode }));
    const exchange: Exchange = {
      request,
      response,
      wireBytes: wire.length,
      encoding,
      records,
      store: (taken = records) => {
        for (const record of taken) collector.stored.set(record.uid, record);
      },
    };
    await (answers.shift() ?? standing)(exchange);
  };

  const serveFile = async (path: string, response: ServerResponse): Promise<void> => {
    const file = resolve(dist, `.${normalize(path)}`);
    if (!file.startsWith(dist)) throw new Error('Outside dist');
    const content = await readFile(file);
    response.writeHead(200, {
      'Content-Type': contentTypes[extname(file)] ?? 'application/octet-stream',
      'Cache-Control': 'no-cache',
    });
    response.end(content);
  };

  const serveWorker = async (response: ServerResponse): Promise<void> => {
    const script = await readFile(resolve(dist, workerFile), 'utf8');
    response.writeHead(collector.workerStatus, {
      'Content-Type': 'text/javascript',
      'Cache-Control': 'no-cache',
      'Service-Worker-Allowed': '/',
      ...collector.workerHeaders,
    });
    response.end(collector.workerStatus === 200 ? collector.workerPrelude + script : '');
  };

  const serveConfiguration = (response: ServerResponse): void => {
    const { status, contentType, body } = collector.configuration;
    response.writeHead(status, { 'Content-Type': contentType, 'Cache-Control': 'no-store' }).end(body);
  };

  const serveExtra = (path: string, response: ServerResponse): boolean => {
    const extra = collector.extras.get(path);
    if (!extra) return false;
    response.writeHead(200, { 'Content-Type': extra.contentType, 'Service-Worker-Allowed': '/' }).end(extra.body);
    return true;
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // A proxy's request carries the whole URL.
    const url = new URL(request.url ?? '/', 'http://localhost');
    collector.requests.push(`${request.method} ${url.pathname}`);
    if (request.method === 'POST' && url.pathname === '/v1/logs') return ingest(request, response);
    if (serveExtra(url.pathname, response)) return;
    switch (url.pathname) {
      case '/page':
        response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', ...collector.pageHeaders });
        response.end(testPage(url.searchParams, collector.pageHead));
        return;
      case '/web-service-configuration.json':
        return serveConfiguration(response);
      case `/${workerFile}`:
        return serveWorker(response);
      default:
        return serveFile(url.pathname.replace(/^\/dist/, ''), response);
    }
  };

  const server = createServer((request, response) => {
    serve(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(404);
      response.end();
    });
  });

  const collector: Collector = {
    origin: `http://localhost:${port}`,
    port,
    beacons: [],
    requests: [],
    stored: new Map(),
    extras: new Map(),
    copies: () => {
      const copies = new Map<string, number>();
      for (const { uid } of collector.beacons.flatMap(({ records }) => records)) {
        copies.set(uid, (copies.get(uid) ?? 0) + 1);
      }
      return copies;
    },
    answerNext: (...next) => {
      answers.push(...next);
    },
    answerAlways: answer => {
      standing = answer;
    },
    answerAsUsual: () => {
      standing = accept;
      answers.splice(0);
    },
    configuration: configurationOf({ [poolOn]: true, [poolOff]: false }),
    pageHead: '',
    workerPrelude: '',
    pageHeaders: {},
    workerHeaders: {},
    workerStatus: 200,
    refuse: async () => {
      const closed = new Promise(done => server.close(done));
      server.closeAllConnections();
      await closed;
    },
    comeBack: () => listen(server, port),
    whenStored: (isEnough, patienceMs = defaultPatienceMs) =>
      until('storing what was expected', patienceMs, () => {
        const stored = [...collector.stored.values()];
        return isEnough(stored) ? stored : undefined;
      }),
    whenBeacon: (isIt, patienceMs = defaultPatienceMs) =>
      until('the expected beacon', patienceMs, () => collector.beacons.find(isIt)),
    whenQueueEmpty: async (count, patienceMs = defaultPatienceMs) => {
      const deadline = Date.now() + patienceMs;
      for (let left = await count(); left > 0; left = await count()) {
        if (Date.now() > deadline) throw new Error(`${left} records still wait after ${patienceMs} ms`);
        await sleep(100);
      }
    },
    close: async () => {
      const closed = new Promise(done => server.close(done));
      server.closeAllConnections();
      await closed;
      if (nonconforming[0]) throw new Error(`Not OTLP: ${nonconforming[0].message}`, { cause: nonconforming[0] });
    },
  };
  await listen(server, port);
  return collector;
};
