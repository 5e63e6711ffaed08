/** The collector on a real port: clients that are slow, many, cut off or not asked. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { exportRequest, logRecord, makeDataDir } from './house.js';
import { serveFile, startServing } from './serving.js';

const token = 'a-token-for-the-operator';
const crowd = 2000;
const slowClients = 200;
const bombs = 300;
const maxPeakKb = 400_000;

const attempt = () => JSON.stringify(exportRequest('usage', [logRecord('meeting.join.attempt')]));

const send = (url: string, body = attempt()) =>
  fetch(`${url}/v1/logs`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });

const serve = async (context: TestContext) => startServing(context, await makeDataDir(context), { OPS_TOKEN: token });

const open = async (context: TestContext, url: string): Promise<Socket> => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  context.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
};

const metric = async (url: string, name: string): Promise<number> => {
  const answer = await fetch(`${url}/metrics`, { headers: { Authorization: `Bearer ${token}` } });
  return Number(new RegExp(`^meeting_join_collector_${name} (\\d+)$`, 'm').exec(await answer.text())?.[1] ?? 0);
};

test('PORT=0 prints the port it found, and a port in use ends with one line', async context => {
  const { url, printed } = await serve(context);
  const port = Number(new URL(url).port);
  assert.ok(port > 0);
  assert.match(printed[1] ?? '', new RegExp(`^Console +http://localhost:${port}/ops/\\?token=`));
  const dataDir = await makeDataDir(context);
  const second = spawn(process.execPath, [serveFile], { env: { ...process.env, PORT: `${port}`, DATA_DIR: dataDir } });
  let output = '';
  second.stderr.on('data', chunk => {
    output += String(chunk);
  });
  assert.deepEqual(await once(second, 'close'), [1, null]);
  assert.match(output, new RegExp(`^Port ${port} is in use: .*PORT=0.*\\n$`));
});

test(`${slowClients} clients that send a byte now and then keep nobody waiting`, async context => {
  const { url } = await serve(context);
  const sockets = await Promise.all(Array.from({ length: slowClients }, () => open(context, url)));
  for (const socket of sockets) {
    socket.write(
      'POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n',
    );
  }
  for (let byte = 0; byte < 5; byte += 1) {
    for (const socket of sockets) socket.write(' ');
    assert.equal((await send(url)).status, 200);
    await sleep(20);
  }
  assert.equal(await metric(url, 'records_stored_total'), 5);
});

test(`${crowd} connections stay open, and each is answered`, async context => {
  const { url } = await serve(context);
  const sockets: Socket[] = [];
  while (sockets.length < crowd) {
    sockets.push(...(await Promise.all(Array.from({ length: 200 }, () => open(context, url)))));
  }
  const answers = sockets.map(socket => once(socket, 'data'));
  const requests = sockets.map(() => attempt());
  for (const [index, socket] of sockets.entries()) {
    const body = requests[index] ?? '';
    socket.write(
      `POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  }
  for (const [data] of (await Promise.all(answers)) as [Buffer][]) assert.match(data.toString(), /^HTTP\/1\.1 200 /);
  assert.equal(await metric(url, 'records_stored_total'), crowd);
});

test(`${bombs} bombs at once stop at the bound, and in the memory of one`, async context => {
  const { child, url } = await serve(context);
  const bomb = gzipSync(Buffer.alloc(100_000_000, ' '));
  const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' };
  const statuses = await Promise.all(
    Array.from(
      { length: bombs },
      async () => (await fetch(`${url}/v1/logs`, { method: 'POST', headers, body: bomb })).status,
    ),
  );
  assert.deepEqual([...new Set(statuses)], [413]);
  const peakKb = Number(
    /VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => ''))?.[1] ?? 0,
  );
  assert.ok(peakKb < maxPeakKb, `${peakKb} KB`);
  assert.equal((await send(url)).status, 200);
});

test('a client that leaves in the middle of its body leaves nothing behind', async context => {
  const { url } = await serve(context);
  const socket = await open(context, url);
  const body = attempt();
  socket.write(
    `POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length + 1}\r\n\r\n${body}`,
  );
  await sleep(50);
  socket.destroy();
  await sleep(50);
  assert.equal((await send(url)).status, 200);
  assert.equal(await metric(url, 'records_stored_total'), 1);
});

test('a body beyond the bound, announced or not, is refused with the reason', async context => {
  const { url } = await serve(context);
  const endless = new ReadableStream({
    pull(controller) {
      controller.enqueue(new Uint8Array(65_536).fill(32));
      sent += 65_536;
      if (sent > 3_000_000) controller.close();
    },
  });
  let sent = 0;
  const headers = { 'Content-Type': 'application/json' };
  for (const body of [' '.repeat(1_100_000), endless]) {
    const answer = await fetch(`${url}/v1/logs`, { method: 'POST', headers, body, duplex: 'half' } as RequestInit);
    assert.equal(answer.status, 413);
    assert.match(await answer.text(), /fewer records/);
  }
  assert.equal((await send(url)).status, 200);
});

test('the fault "refuse" cuts the connection, and "none" mends it', async context => {
  const { url } = await serve(context);
  const setFault = (kind: string) =>
    fetch(`${url}/api/faults`, {
      method: 'PUT',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ kind }),
    });
  assert.ok((await setFault('refuse')).ok);
  await assert.rejects(send(url), TypeError);
  assert.ok((await setFault('none')).ok);
  assert.equal((await send(url)).status, 200);
  assert.equal(await metric(url, 'records_stored_total'), 1);
});

const secret = [
  '/metrics',
  '/api/summary',
  '/api/events?format=ndjson',
  '/api/joins',
  '/api/configurations',
  '/api/faults',
];

test('what is the operator’s answers to the token or the cookie, and changes only from its own pages', async context => {
  const { url } = await serve(context);
  const status = async (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    (await fetch(url + path, { method, headers, redirect: 'manual', ...(method === 'GET' ? {} : { body: '{}' }) }))
      .status;
  const shown = await fetch(`${url}/ops/?token=${encodeURIComponent(token)}`, { redirect: 'manual' });
  const setCookie = shown.headers.get('Set-Cookie') ?? '';
  assert.match(setCookie, /HttpOnly; SameSite=Strict/);
  assert.ok(!setCookie.includes(encodeURIComponent(token)), 'the cookie is not the token');
  const cookie = setCookie.split(';')[0] ?? '';
  for (const path of secret) {
    assert.equal(await status(path), 401, path);
    assert.equal(await status(path, { Authorization: 'Bearer wrong' }), 401, path);
    assert.equal(await status(path, { Cookie: `${cookie}x` }), 401, path);
    assert.equal(await status(path, { Cookie: cookie, Authorization: 'Bearer wrong' }), 401, path);
    assert.equal(await status(path, { Cookie: cookie }), 200, path);
    assert.equal(await status(path, { Authorization: `Bearer ${token}` }), 200, path);
  }
  const change = '/api/configurations/Global';
  const json = { Cookie: cookie, 'Content-Type': 'application/json' };
  assert.equal(await status(change, json, 'PATCH'), 401, 'no word of where it comes from');
  assert.equal(await status(change, { ...json, Origin: 'https://evil.example' }, 'PATCH'), 401);
  assert.equal(await status(change, { ...json, 'Sec-Fetch-Site': 'cross-site' }, 'PATCH'), 401);
  assert.equal(
    await status(change, { ...json, 'X-Requested-With': 'console', 'Sec-Fetch-Site': 'same-origin' }, 'PATCH'),
    400,
    'empty, but ours',
  );
});
