/**
 * A web site as an adopter deploys one: pages, scripts and headers at the paths the test names, an OTLP ingest that
 * other origins may use when it is told so, and an ear for what a page says on its console.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';

export interface Resource {
  body: string | Buffer;
  type?: string;
  headers?: Record<string, string>;
}

export interface Received {
  event: string;
  uid: string;
  /** Where the beacon came from: the page, or the worker's script. */
  referer: string;
  origin: string;
  /** `telemetry.sdk.version`, as the beacon has it. */
  sdkVersion: string;
}

export interface Site {
  origin: string;
  port: number;
  resources: Map<string, Resource>;
  /** A directory under a path. */
  mount(path: string, directory: string, headers?: Record<string, string>): void;
  /** Origins whose pages may send beacons and read the configuration. */
  allowedOrigins: Set<string>;
  /** "GET /path", in order. */
  requests: string[];
  received: Received[];
  /** What pages wrote to their console, and what their policies refused. */
  said: string[];
  whenReceived(event: string, patienceMs?: number): Promise<Received>;
  close(): Promise<void>;
}

const types: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css',
  '.json': 'application/json',
  '.html': 'text/html; charset=utf-8',
};

/** Loaded as a file, since a strict policy admits no inline script. */
const ear = `
const tell = text => void navigator.sendBeacon('/said', String(text));
for (const level of ['log', 'info', 'warn', 'error']) {
  const said = console[level];
  console[level] = (...words) => { tell(level + ': ' + words.join(' ')); said.apply(console, words); };
}
addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => tell('refused: ' + effectiveDirective + ' ' + blockedURI));
addEventListener('error', ({ message }) => tell('uncaught: ' + message));
addEventListener('unhandledrejection', ({ reason }) => tell('unhandled: ' + reason));
`;

/** A launcher's own script: one join, at once. */
const joinOnce = `
await customElements.whenDefined('meeting-join-telemetry');
document.querySelector('meeting-join-telemetry').startJoin({ method: 'web-app' }).succeed();
`;

export const configuration = JSON.stringify([
  { Identity: 'global', MeetingUxEnableTelemetry: false },
  { Identity: 'service:WebServer:pool01.contoso.com', MeetingUxEnableTelemetry: true },
]);

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

interface KeyValue {
  key: string;
  value: { stringValue?: string };
}

interface Otlp {
  resourceLogs: {
    resource: { attributes: KeyValue[] };
    scopeLogs: { logRecords: { eventName: string; attributes: KeyValue[] }[] }[];
  }[];
}

const text = (attributes: KeyValue[], name: string): string =>
  attributes.find(({ key }) => key === name)?.value.stringValue ?? '';

const recordsOf = ({ resourceLogs }: Otlp) =>
  resourceLogs.flatMap(({ resource, scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) =>
      logRecords.map(({ eventName, attributes }) => ({
        event: eventName,
        uid: text(attributes, 'log.record.uid'),
        sdkVersion: text(resource.attributes, 'telemetry.sdk.version'),
      })),
    ),
  );

export const startSite = async (): Promise<Site> => {
  const mounts: { path: string; directory: string; headers: Record<string, string> }[] = [];

  const ingest = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const wire = await readBody(request);
    const plain = request.headers['content-encoding'] === 'gzip' ? gunzipSync(wire) : wire;
    const { referer = '', origin = '' } = request.headers;
    for (const record of recordsOf(JSON.parse(String(plain)))) site.received.push({ ...record, referer, origin });
    response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
  };

  const allow = ({ headers }: IncomingMessage, response: ServerResponse): void => {
    const { origin = '' } = headers;
    if (!site.allowedOrigins.has(origin)) return;
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Access-Control-Allow-Headers', 'content-type, content-encoding');
    response.setHeader('Access-Control-Max-Age', '600');
  };

  const find = (path: string): Resource | undefined => {
    const found = site.resources.get(path);
    if (found) return found;
    const [mount] = mounts
      .filter(({ path: prefix }) => path.startsWith(prefix))
      .sort((left, right) => right.path.length - left.path.length);
    if (!mount) return undefined;
    try {
      return { body: readFileSync(join(mount.directory, path.slice(mount.path.length))), headers: mount.headers };
    } catch {
      return undefined;
    }
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<unknown> => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (path === '/said') return site.said.push(String(await readBody(request))) && response.writeHead(204).end();
    site.requests.push(`${request.method} ${path}`);
    allow(request, response);
    if (request.method === 'OPTIONS') return response.writeHead(204).end();
    if (request.method === 'POST' && path === '/v1/logs') return ingest(request, response);
    const found = find(path);
    if (!found) return response.writeHead(404).end();
    const type = found.type ?? types[extname(path)] ?? 'application/octet-stream';
    return response.writeHead(200, { 'Content-Type': type, ...found.headers }).end(found.body);
  };

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.writeHead(500).end());
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;

  const site: Site = {
    origin: `http://localhost:${port}`,
    port,
    resources: new Map([
      ['/ear.js', { body: ear }],
      ['/join.js', { body: joinOnce }],
      ['/web-service-configuration.json', { body: configuration }],
    ]),
    mount: (path, directory, headers = {}) => void mounts.push({ path, directory, headers }),
    allowedOrigins: new Set(),
    requests: [],
    received: [],
    said: [],
    whenReceived: async (event, patienceMs = 15_000) => {
      for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await sleep(20)) {
        const found = site.received.find(record => record.event === event);
        if (found) return found;
      }
      throw new Error(`No ${event} arrived within ${patienceMs} ms. Console: ${site.said.join(' | ') || 'silent'}`);
    },
    close: async () => {
      const closed = new Promise(done => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
  return site;
};

/** A page with the tag. */
export const pageWith = (attributes: Record<string, string>, script = '/dist/meeting-join-telemetry.js'): Resource => {
  const all = { pool: 'pool01.contoso.com', 'config-src': '/web-service-configuration.json', ...attributes };
  const markup = Object.entries(all).map(([name, value]) => ` ${name}="${value}"`);
  return {
    type: 'text/html; charset=utf-8',
    body: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Join the meeting</title>
<link rel="icon" href="data:,">
<script src="/ear.js"></script>
<script type="module" src="${script}"></script>
<script type="module" src="/join.js"></script>
</head>
<body><meeting-join-telemetry${markup.join('')}></meeting-join-telemetry></body>
</html>`,
  };
};
