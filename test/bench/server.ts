/** The site and the collector of one measured product, which can refuse, answer 503, or lose its answers. */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { brotliCompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { read } from './bundles.js';
import type { Product } from './products.js';

export type Mood = 'accepting' | 'unavailable' | 'losing answers';

export interface BenchServer {
  origin: string;
  mood: Mood;
  /** Copies of each event that were accepted, or taken before their answer was lost. */
  copies: Map<string, number>;
  /** All that were made but for the document. */
  requests: string[];
  wireBytes: number;
  refuse(): Promise<void>;
  comeBack(): Promise<void>;
}

const configuration = JSON.stringify([
  { Identity: 'global', MeetingUxEnableTelemetry: false },
  { Identity: 'service:WebServer:pool01.contoso.com', MeetingUxEnableTelemetry: true },
]);

/** Without it, the clock of a page ticks in tenths of a millisecond. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

/** Some compress and say so, some compress and do not. */
const decode = (body: Buffer): string => {
  if (body[0] === 0x1f && body[1] === 0x8b) return String(gunzipSync(body));
  if (body[0] === 0x78) return String(inflateSync(body));
  return String(body);
};

const document = ({ page }: Product): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>bench</title><link rel="icon" href="data:,"></head>
<body>${page}</body></html>`;

const scriptAt = (product: Product, path: string): Buffer | undefined => {
  if (path.startsWith('/meeting-join-telemetry')) return readFileSync(resolve(`dist${path}`));
  const [page, worker] = product.entries;
  const entry = path === '/page.js' ? page : path === '/worker.js' ? worker : undefined;
  return entry === undefined ? undefined : read(entry);
};

export const brotliBytesOf = (product: Product, paths: string[]): number =>
  paths.reduce((sum, path) => sum + brotliCompressSync(scriptAt(product, path) ?? '').length, 0);

export const startBenchServer = async (product: Product): Promise<BenchServer> => {
  const accept = (text: string): void => {
    for (const id of new Set(product.ids(text))) server.copies.set(id, (server.copies.get(id) ?? 0) + 1);
  };

  const ingest = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request);
    server.wireBytes += body.length;
    if (server.mood === 'unavailable') return void response.writeHead(503).end();
    accept(decode(body));
    if (server.mood === 'losing answers') return void request.socket.destroy();
    response.writeHead(product.answer.status, { 'Content-Type': 'application/json' }).end(product.answer.body);
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<unknown> => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname !== '/') server.requests.push(`${request.method} ${pathname}`);
    if (request.method === 'POST') return ingest(request, response);
    if (pathname === '/')
      return response.writeHead(200, { 'Content-Type': 'text/html', ...isolation }).end(document(product));
    if (pathname === '/web-service-configuration.json')
      return response.writeHead(200, { 'Content-Type': 'application/json', ...isolation }).end(configuration);
    const script = scriptAt(product, pathname);
    return script
      ? response.writeHead(200, { 'Content-Type': 'text/javascript', ...isolation }).end(script)
      : response.writeHead(404).end();
  };

  const http = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  const listen = (port: number) => new Promise<void>(done => void http.listen(port, '127.0.0.1', done));
  await listen(0);
  const { port } = http.address() as AddressInfo;
  const server: BenchServer = {
    origin: `http://localhost:${port}`,
    mood: 'accepting',
    copies: new Map(),
    requests: [],
    wireBytes: 0,
    refuse: async () => {
      const closed = new Promise(done => http.close(done));
      http.closeAllConnections();
      await closed;
    },
    comeBack: () => listen(port),
  };
  return server;
};
