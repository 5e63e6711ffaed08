import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Collector } from '../../../demo/collector/index.js';
import { exportRequest, logRecord, openCollector, opsToken, post } from './house.js';

/** A next hop that answers as it is told, and keeps what it took. */
const startHop = async (context: TestContext) => {
  const bodies: string[] = [];
  const next = { status: 200, body: '{}', headers: {} as Record<string, string> };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (next.status === 200) bodies.push(Buffer.concat(chunks).toString());
    response.writeHead(next.status, { 'Content-Type': 'application/json', ...next.headers }).end(next.body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close());
  return { bodies, next, forwardTo: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
};

const attempt = () => exportRequest('usage', [logRecord('meeting.join.attempt')]);

const health = async ({ app }: Collector): Promise<number> => (await app.request('/healthz')).status;

test('a gateway forwards what is declared, hashed as the store would, and acknowledges only what the next hop has', async context => {
  const { bodies, next, forwardTo } = await startHop(context);
  const gateway = await openCollector(context, { forwardTo });
  const single = await openCollector(context);
  const request = exportRequest('error', [
    logRecord('exception', { 'user.id': 'AmosMarble', 'error.type': 'timeout' }),
  ]);
  next.status = 503;
  assert.equal((await post(gateway, request)).status, 503);
  next.status = 200;
  assert.equal(await (await post(gateway, request)).text(), '{}');
  await post(single, request);
  const [row] = (await single.store?.query('SELECT user_hash FROM events')) ?? [];
  assert.equal(bodies.length, 1);
  assert.ok(bodies[0]?.includes(String(row?.user_hash)));
  assert.ok(!/amosmarble/i.test(bodies[0] ?? ''));
  assert.match(bodies[0] ?? '', /"key":"error.type","value":\{"stringValue":"timeout"\}/);
  const metrics = await gateway.app.request('/metrics', { headers: { Authorization: `Bearer ${opsToken}` } });
  assert.match(await metrics.text(), /^meeting_join_collector_records_forwarded_total 1$/m);
});

test("the next hop's word is passed on: what may come again and when, and what is final", async context => {
  const { next, forwardTo } = await startHop(context);
  const gateway = await openCollector(context, { forwardTo });
  const cases: [number, Record<string, string>, number, string | null][] = [
    [429, { 'Retry-After': '17' }, 429, '17'],
    [502, {}, 502, null],
    [503, { 'Retry-After': 'Wed, 21 Oct 2026 07:28:00 GMT' }, 503, 'Wed, 21 Oct 2026 07:28:00 GMT'],
    [504, {}, 504, null],
    [400, {}, 400, null],
    [413, {}, 413, null],
    [401, {}, 401, null],
    [500, {}, 500, null],
    [410, {}, 500, null],
    [415, {}, 500, null],
    [302, { Location: 'http://127.0.0.1:9/' }, 503, '5'],
  ];
  for (const [status, headers, expected, retryAfter] of cases) {
    Object.assign(next, { status, headers, body: '{}' });
    const answer = await post(gateway, attempt());
    assert.deepEqual([answer.status, answer.headers.get('Retry-After')], [expected, retryAfter], `${status}`);
  }
  Object.assign(next, { status: 200, headers: {}, body: '<html>Log in</html>' });
  assert.equal((await post(gateway, attempt())).status, 502);
});

test("the next hop's partial success is passed on beside our own", async context => {
  const { next, forwardTo } = await startHop(context);
  const gateway = await openCollector(context, { forwardTo });
  next.body = '{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"too old"}}';
  const record = logRecord('meeting.join.attempt');
  const stranger = { ...logRecord('meeting.join.attempt'), eventName: 'page.view' } as unknown as typeof record;
  const answer = await post(gateway, exportRequest('usage', [record, logRecord('meeting.join.attempt'), stranger]));
  const { partialSuccess } = (await answer.json()) as { partialSuccess: Record<string, string> };
  assert.equal(partialSuccess.rejectedLogRecords, '2');
  assert.match(`${partialSuccess.errorMessage}`, /not in the catalog; too old$/);
});

test('while the next hop is silent, what waits for it is bounded by its size in memory', async context => {
  let answerAll = (): void => undefined;
  const silence = new Promise<void>(resolve => {
    answerAll = resolve;
  });
  const hop = createServer(async (_, response) => {
    await silence;
    response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
  }).listen(0, '127.0.0.1');
  await once(hop, 'listening');
  context.after(() => hop.close());
  const forwardTo = `http://127.0.0.1:${(hop.address() as AddressInfo).port}`;
  const gateway = await openCollector(context, { forwardTo, limits: { maxBytesInFlight: 10_000 } });
  const padded = gzipSync(JSON.stringify(attempt()).padEnd(20_000));
  const waiting = post(gateway, padded, { 'Content-Encoding': 'gzip' });
  await new Promise(resolve => setTimeout(resolve, 50));
  const refused = await post(gateway, attempt());
  assert.deepEqual([refused.status, refused.headers.get('Retry-After')], [503, '2']);
  answerAll();
  assert.equal((await waiting).status, 200);
  assert.equal((await post(gateway, attempt())).status, 200);
});

test('a gateway is healthy again as soon as the next hop is, though nobody sends', async context => {
  const { next, forwardTo } = await startHop(context);
  const gateway = await openCollector(context, { forwardTo });
  assert.equal(await health(gateway), 200);
  next.status = 413;
  await post(gateway, attempt());
  assert.equal(await health(gateway), 200, 'a beacon too large says nothing of the next hop');
  next.status = 503;
  await post(gateway, attempt());
  assert.equal(await health(gateway), 503);
  next.status = 200;
  assert.equal(await health(gateway), 200);
});
