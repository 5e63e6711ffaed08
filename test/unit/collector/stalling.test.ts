/** Clients that begin and do not go on, and what they may keep others from: memory, and the end of the process. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { exportRequest, logRecord, makeDataDir } from './house.js';
import { type Serving, startServing } from './serving.js';

const bodyBytes = 1024 * 1024;
const announcement = `POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${bodyBytes}\r\n\r\n`;

/** Another client than the one of `fetch`, on the same machine. */
const open = async (context: TestContext, { url }: Serving, localAddress = '127.0.0.2'): Promise<Socket> => {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  context.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
};

const openAll = (context: TestContext, serving: Serving, count: number): Promise<Socket[]> =>
  Promise.all(Array.from({ length: count }, () => open(context, serving)));

const firstAnswer = async (sockets: Socket[]): Promise<string> => {
  const [data] = (await Promise.race(sockets.map(socket => once(socket, 'data')))) as [Buffer];
  return data.toString();
};

const send = ({ url }: Serving): Promise<Response> =>
  fetch(`${url}/v1/logs`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(exportRequest('usage', [logRecord('meeting.join.attempt')])),
  });

test('a client whose bodies never end gets its part of the memory, and others are served', async context => {
  const serving = await startServing(context, await makeDataDir(context));
  const sockets = await openAll(context, serving, 80);
  // All are let in before the first of their bytes is here.
  for (const socket of sockets) socket.write(announcement);
  assert.equal((await send(serving)).status, 200);
  const answer = firstAnswer(sockets);
  for (const socket of sockets) socket.write(Buffer.alloc(bodyBytes - 1, ' '));
  assert.match(await answer, /^HTTP\/1\.1 429 .*retry-after: 2\r\n/is);
  assert.equal((await send(serving)).status, 200);
});

test('a few requests without waiting are answered; a hundred are cut off, for each answer that nobody reads is held', async context => {
  const serving = await startServing(context, await makeDataDir(context));
  const ask = async (count: number): Promise<string> => {
    const socket = await open(context, serving);
    let answers = '';
    socket.on('data', data => {
      answers += data.toString('latin1');
    });
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(count - 1));
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    // Not events.once: whoever is cut off while it still writes hears of a reset first, which would reject.
    await new Promise(resolve => socket.once('close', resolve));
    return answers;
  };
  assert.equal((await ask(3)).match(/HTTP\/1\.1 200/g)?.length, 3);
  assert.ok(((await ask(100)).match(/HTTP\/1\.1 200/g)?.length ?? 0) < 100);
  assert.equal((await send(serving)).headers.get('X-Content-Type-Options'), 'nosniff');
});

const half = `${announcement}{`;

/** Silent, stopped within the headers, stopped within the body. */
const starts = ['', half.slice(0, 40), half];

for (const signals of [['SIGTERM'], ['SIGINT', 'SIGINT'], ['SIGHUP']] as NodeJS.Signals[][]) {
  test(`${signals.join(' and ')}: ends with 0, whoever is connected and does not go on`, async context => {
    const serving = await startServing(context, await makeDataDir(context));
    for (const start of starts) (await open(context, serving)).write(start);
    assert.equal((await send(serving)).status, 200);
    const exit = once(serving.child, 'exit');
    for (const signal of signals) {
      serving.child.kill(signal);
      await new Promise(resolve => setTimeout(resolve, 50));
    }
    assert.deepEqual(await exit, [0, null]);
  });
}
