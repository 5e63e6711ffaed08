import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { exportRequest, logRecord, openCollector, post } from './house.js';

test('a gateway forwards what is declared, hashed as the store would, and acknowledges only what the next hop has', async context => {
  let status = 200;
  const bodies: string[] = [];
  const hop = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (status === 200) bodies.push(Buffer.concat(chunks).toString());
    response.writeHead(status, { 'Content-Type': 'application/json' }).end('{}');
  }).listen(0, '127.0.0.1');
  await once(hop, 'listening');
  context.after(() => hop.close());
  const forwardTo = `http://127.0.0.1:${(hop.address() as AddressInfo).port}`;
  const gateway = await openCollector(context, { forwardTo });
  const single = await openCollector(context);
  const request = exportRequest('error', [
    logRecord('exception', { 'user.id': 'AmosMarble', 'error.type': 'timeout' }),
  ]);
  status = 503;
  assert.equal((await post(gateway, request)).status, 503);
  status = 200;
  assert.equal(await (await post(gateway, request)).text(), '{}');
  await post(single, request);
  const [row] = (await single.store?.query('SELECT user_hash FROM events')) ?? [];
  assert.equal(bodies.length, 1);
  assert.ok(bodies[0]?.includes(String(row?.user_hash)));
  assert.ok(!/amosmarble/i.test(bodies[0] ?? ''));
  assert.match(bodies[0] ?? '', /"key":"error.type","value":\{"stringValue":"timeout"\}/);
});
