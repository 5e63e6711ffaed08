/** What holds for both ways past one machine, whatever stands behind them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { parseCollectorKey } from '../../demo/collector/pseudonym.js';
import { exportRequest, logRecord } from '../unit/collector/house.js';
import { deliverAll, readUids, send } from './deliver.js';
import {
  collectorKey,
  freePort,
  type Hop,
  pageOrigin,
  startBalancer,
  startCollector,
  startOtelcol,
  stop,
} from './hops.js';

const clientHash = 'E296D735-4F36-4E18-7C3B-52E1A02A0164';
/** Stands wherever something undeclared could hide. */
const undeclared = '192.0.2.17';
const fileWithinMs = 5000;
const beaconsToTwo = 200;

export type Ways = Record<'gateway' | 'straight', number>;

export const check = (what: string): void => console.log(`ok   ${what}`);

/** Written in capitals whose small letters two languages do not agree on. */
const userIds = ['AmosMarble', 'ΟΔΥΣΣΕΥΣ.ΣΟΦΟΣ@ΙΘΑΚΗ.ΓΡ', 'İSMAİL', 'Σ', 'ΑΣ'];

const people = () => [
  exportRequest(
    'error',
    userIds.map(userId => logRecord('exception', { 'user.id': userId, 'error.type': 'timeout' })),
  ),
  exportRequest('census', [logRecord('meeting.census', { 'user.hash': clientHash })]),
];

const string = (stringValue: string) => ({ stringValue });
const hidden = string(undeclared);

/** A record that is ours, with what is not ours at every place that OTLP has. */
const overfull = () => ({
  resourceLogs: [
    {
      schemaUrl: `https://${undeclared}/`,
      resource: { attributes: [{ key: 'host.ip', value: hidden }] },
      scopeLogs: [
        {
          schemaUrl: `https://${undeclared}/`,
          scope: {
            name: 'meeting-join-telemetry/error',
            version: undeclared,
            attributes: [{ key: 'client.address', value: hidden }],
          },
          logRecords: [
            {
              ...logRecord('exception', { 'error.type': 'overfull' }),
              severityText: undeclared,
              body: hidden,
              traceId: '0af7651916cd43dd8448eb211c80319c',
              spanId: 'b7ad6b7169203331',
              attributes: [
                { key: 'log.record.uid', value: string('overfull') },
                { key: 'error.type', value: string('overfull') },
                { key: 'error.message', value: hidden },
                { key: 'client.address', value: hidden },
                // Of another event: it would link two categories.
                { key: 'app.installation.id', value: hidden },
                { key: 'exception.type', value: { kvlistValue: { values: [{ key: 'ip', value: hidden }] } } },
                { key: 'exception.message', value: { arrayValue: { values: [hidden] } } },
              ],
            },
          ],
        },
      ],
    },
  ],
});

/** Each would be ours but for one thing. */
const strangers = () => {
  const marked = { 'error.type': undeclared };
  const record = logRecord('exception', marked);
  return [
    { ...record, eventName: 'page.view' },
    { ...record, eventName: '' },
    { ...record, eventName: 'meeting.census' },
    { ...record, timeUnixNano: '0' },
    { ...record, attributes: record.attributes.filter(({ key }) => key !== 'log.record.uid') },
    logRecord('exception', { ...marked, 'log.record.uid': '' }),
  ].map(each => exportRequest('error', [each as typeof record]));
};

const ofAnotherScope = () =>
  JSON.parse(JSON.stringify(people()[0]).replaceAll('meeting-join-telemetry/error', 'somebody/else')) as unknown;

const readUntil = async (file: string, isThere: (text: string) => boolean): Promise<string> => {
  const deadline = Date.now() + fileWithinMs;
  for (;;) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (isThere(text)) return text;
    if (Date.now() > deadline) throw new Error('not all that was acknowledged has arrived');
    await sleep(100);
  }
};

const sendToBoth = async (ways: Ways, bodies: readonly unknown[]): Promise<void> => {
  for (const [way, port] of Object.entries(ways)) {
    for (const body of bodies) assert.equal((await send(port, body)).status, 200, way);
  }
};

const hashesIn = (text: string): string[] =>
  [...text.matchAll(/"key":"user\.hash","value":\{"stringValue":"([^"]+)"/g)].map(([, hash]) => `${hash}`);

export const checkPseudonyms = async (ways: Ways, out: string): Promise<void> => {
  await sendToBoth(ways, people());
  const { current } = parseCollectorKey(collectorKey);
  const one = [...userIds.map(userId => current('error', userId.toLowerCase())), current('census', clientHash)];
  const text = await readUntil(out, found => hashesIn(found).length >= 2 * one.length);
  assert.deepEqual(hashesIn(text).toSorted(), [...one, ...one].toSorted());
  assert.doesNotMatch(text, /amosmarble|user\.id/i, 'cleartext reached the next hop');
  assert.ok(!text.includes(clientHash), 'a hash of the client reached the next hop');
  check('one person has one pseudonym by either way, and no cleartext arrives');
};

/** An hour behind by the sender's clock: the next hop must have the right time all the same. */
const checkClock = async (ways: Ways, out: string): Promise<void> => {
  const hourMs = 3_600_000;
  const record = logRecord('meeting.join.attempt', { 'meeting.join.id': 'late' }, Date.now() - hourMs);
  await sendToBoth(ways, [exportRequest('usage', [record], Date.now() - hourMs)]);
  const text = await readUntil(out, found => found.match(/"late"/g)?.length === 2);
  const times = text
    .split('\n')
    .filter(line => line.includes('"late"'))
    .map(line => Number(/"timeUnixNano":"(\d+)\d{6}"/.exec(line)?.[1]));
  for (const time of times) assert.ok(Math.abs(time - Date.now()) < hourMs / 60, `${time} is not now`);
  check('a clock that is wrong is corrected by either way');
};

export const checkDeclared = async (ways: Ways, out: string): Promise<void> => {
  await sendToBoth(ways, [...strangers(), ofAnotherScope(), overfull()]);
  const text = await readUntil(out, found => found.match(/"overfull"/g)?.length === 4);
  const leak = text.split('\n').find(line => line.includes(undeclared));
  assert.equal(leak, undefined, 'something undeclared reached the next hop');
  assert.ok(!text.includes('somebody/else'), 'another scope reached the next hop');
  assert.ok(!/0af7651916cd43dd8448eb211c80319c|b7ad6b7169203331/.test(text), 'a trace reached the next hop');
  assert.ok(!text.includes('127.0.0.1'), 'an address reached the next hop');
  check('by either way nothing passes but declared attributes of declared events, and no address is added');
  await checkClock(ways, out);
};

/** While nothing is behind it, a beacon must not be acknowledged, and must be allowed to come again. */
export const checkRefusal = async (ways: Ways): Promise<void> => {
  for (const [way, port] of Object.entries(ways)) {
    const { status } = await send(port, people()[0]);
    assert.ok([429, 502, 503, 504].includes(status), `${way} answered ${status} without a next hop`);
    check(`${way}: ${status} while the next hop is down`);
  }
};

/** What a next hop answers, and whether the page may come again upon what it then hears. */
const said: readonly [status: number, mayComeAgain: boolean][] = [
  [429, true],
  [503, true],
  [400, false],
  [401, false],
];

export const checkAnswers = async (ways: Ways, nextPort: number): Promise<void> => {
  let status = 0;
  const hop = createServer((incoming, response) => {
    incoming.resume();
    response.writeHead(status, { 'Content-Type': 'application/json', 'Retry-After': '17' }).end('{}');
  }).listen(nextPort, '127.0.0.1');
  await once(hop, 'listening');
  for (const [way, port] of Object.entries(ways)) {
    const heard: string[] = [];
    for (const [given, mayComeAgain] of said) {
      status = given;
      const answer = await send(port, people()[0]);
      assert.equal([429, 502, 503, 504].includes(answer.status), mayComeAgain, `${way}: ${answer.status} for ${given}`);
      heard.push(`${given} → ${answer.status} (Retry-After ${answer.headers.get('Retry-After') ?? 'none'})`);
    }
    check(`${way}: the next hop's answers, as the page hears them: ${heard.join(', ')}`);
  }
  hop.close();
  hop.closeAllConnections();
};

const preflight = (port: number, origin: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}/v1/logs`, {
    method: 'OPTIONS',
    headers: {
      Origin: origin,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'content-encoding,content-type',
    },
  });

/** What a page on another origin needs, and the refusals it knows what to do with. */
export const checkPages = async (ways: Ways): Promise<void> => {
  for (const [way, port] of Object.entries(ways)) {
    const allowed = (await preflight(port, pageOrigin)).headers;
    assert.equal(allowed.get('Access-Control-Allow-Origin'), pageOrigin, way);
    assert.match(`${allowed.get('Access-Control-Allow-Headers')}`, /content-encoding/i, way);
    assert.equal(allowed.get('Access-Control-Max-Age'), '7200', way);
    const stranger = (await preflight(port, 'https://example.net')).headers;
    assert.equal(stranger.get('Access-Control-Allow-Origin'), null, way);
    const [body] = people();
    const zipped = await send(port, gzipSync(JSON.stringify(body)), { 'Content-Encoding': 'gzip', Origin: pageOrigin });
    assert.equal(zipped.status, 200, way);
    assert.match(`${zipped.headers.get('Content-Type')}`, /^application\/json/, way);
    assert.equal(zipped.headers.get('Access-Control-Allow-Origin'), pageOrigin, way);
    assert.match(`${zipped.headers.get('Access-Control-Expose-Headers')}`, /retry-after/i, way);
    const bomb = gzipSync(JSON.stringify(body).padEnd(4_000_000));
    const large = await send(port, bomb, { 'Content-Encoding': 'gzip' });
    assert.ok([400, 413].includes(large.status), `${way}: ${large.status} for what is too large`);
    assert.equal((await send(port, 'not JSON')).status, 400, way);
    check(`${way}: preflight, gzip, and ${large.status} for a body that inflates to 4 MB`);
  }
};

/** Better no record than a pseudonym that anybody can compute; and no word of the key in what the page hears. */
export const checkWeakKey = async (program: string, nextHop: string): Promise<void> => {
  for (const key of ['', 'fifteen letters']) {
    const environment = { NEXT_HOP: nextHop, COLLECTOR_KEY: key };
    const hop = await startOtelcol(program, ['otel-collector.yaml', 'to-otlp.yaml'], environment);
    const answer = await send(hop.port, people()[0]);
    const text = await answer.text();
    await stop(hop);
    assert.equal(answer.status, 503);
    assert.ok(key === '' || !text.includes(key), 'the key is told to the page');
  }
  check('straight: 503 without a COLLECTOR_KEY of 16 characters, which is not told');
};

/** Kafka is a queue only once it has answered. */
export const checkKafkaAway = async (program: string): Promise<void> => {
  const brokers = { KAFKA_BROKERS: `[127.0.0.1:${await freePort()}]` };
  const hop = await startOtelcol(program, ['otel-collector.yaml', 'to-kafka.yaml'], brokers);
  const { status } = await send(hop.port, people()[0]);
  await stop(hop);
  assert.equal(status, 503);
  check(`straight: ${status} while Kafka is down`);
};

/** Two gateways behind a load balancer, one of them killed under load. */
export const checkGateways = async (folder: string, nextHop: string, out: string): Promise<void> => {
  const gateways: Hop[] = [];
  for (const name of ['one', 'two']) gateways.push(await startCollector(join(folder, name), nextHop));
  const balancer = await startBalancer(gateways.map(({ port }) => port));
  const [victim] = gateways;
  try {
    const sent = await deliverAll(balancer.port, beaconsToTwo, acknowledged => {
      if (acknowledged === beaconsToTwo / 2) victim?.child.kill('SIGKILL');
    });
    assert.ok(victim?.child.signalCode === 'SIGKILL' && sent.again > 0, 'the kill hit nothing');
    const mine = new Set(sent.uids);
    const stored = (await readAllUids(out, sent.uids)).filter(uid => mine.has(uid));
    const shares = [...balancer.answered.values()].join(' and ');
    check(
      `two gateways behind a balancer (${shares} answers), one killed: ${sent.uids.length} events acknowledged, ` +
        `0 lost; ${sent.again} beacons sent again, ${stored.length - mine.size} events there twice`,
    );
  } finally {
    balancer.close();
    await Promise.all(gateways.map(gateway => stop(gateway)));
  }
};

/** Waits until each is there. */
const readAllUids = async (out: string, uids: readonly string[]): Promise<string[]> => {
  const deadline = Date.now() + fileWithinMs;
  for (;;) {
    const stored = await readUids(out);
    const known = new Set(stored);
    const lost = uids.filter(uid => !known.has(uid)).length;
    if (lost === 0) return stored;
    if (Date.now() > deadline) throw new Error(`${lost} events of ${uids.length} acknowledged are lost`);
    await sleep(200);
  }
};
