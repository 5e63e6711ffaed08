import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Answer } from '#src/delivery/outcomes.js';
import { send } from '#src/delivery/transport.js';

const serve = async (listener: RequestListener, use: (endpoint: string) => Promise<void>) => {
  const server = createServer(listener);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/logs`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
};

const post = (endpoint: string, gzip = false, signal = new AbortController().signal): Promise<Answer> =>
  send({ endpoint, body: '{"resourceLogs":[]}', gzip, signal });

test('posts JSON, plain or compressed, and hands back what came', async () => {
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', chunk => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
      response.writeHead(503, { 'content-type': 'text/plain', 'retry-after': '7' });
      response.end(`${request.method} ${request.headers['content-type']} ${text}`);
    });
  };
  const body = 'POST application/json {"resourceLogs":[]}';
  await serve(listener, async endpoint => {
    for (const gzip of [false, true]) {
      assert.deepEqual(await post(endpoint, gzip), { status: 503, contentType: 'text/plain', retryAfter: '7', body });
    }
  });
});

test('takes a redirect for no answer', () =>
  serve(
    (_, response) => response.writeHead(302, { location: '/login' }).end(),
    async endpoint => assert.equal(await post(endpoint), undefined),
  ));

test('takes a connection that breaks for no answer', () =>
  serve(
    request => request.socket.destroy(),
    async endpoint => assert.equal(await post(endpoint), undefined),
  ));

test('takes a refused connection for no answer', async () => {
  let gone = '';
  await serve(
    () => {},
    async endpoint => {
      gone = endpoint;
    },
  );
  assert.equal(await post(gone), undefined);
});

test('is cut off by its signal, before and during the request', async () => {
  const cut = new AbortController();
  await serve(
    () => cut.abort(),
    async endpoint => {
      assert.equal(await post(endpoint, false, cut.signal), undefined);
      assert.equal(await post(endpoint, false, cut.signal), undefined);
    },
  );
});
