import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { StoreUnreadableError } from '../../../demo/collector/store.js';
import {
  collectorKey,
  exportRequest,
  logRecord,
  makeDataDir,
  openCollector,
  opsToken,
  post,
  readBytes,
} from './house.js';

const rowsOf = async (collector: Awaited<ReturnType<typeof openCollector>>) =>
  (await collector.store?.query('SELECT * FROM events ORDER BY recorded_at')) ?? [];

test('stores what is declared, strips the rest and says so', async context => {
  const collector = await openCollector(context);
  const record = logRecord('meeting.join.attempt', {
    'meeting.pool': 'Pool01.contoso.com',
    'client.address': '10.1.2.3',
  });
  const answer = await post(collector, exportRequest('usage', [record]));
  assert.equal(answer.status, 200);
  assert.match(await answer.text(), /"rejectedLogRecords":"0".*1 attributes left out/);
  const [row] = await rowsOf(collector);
  assert.equal(row?.pool, 'pool01.contoso.com');
  assert.equal(row?.service_name, 'JoinLauncher');
  assert.equal(row?.attributes, '{}');
});

test('answers {} when nothing was refused, plain or gzip', async context => {
  const collector = await openCollector(context);
  const body = exportRequest('usage', [logRecord('meeting.join.attempt')]);
  const gzip = gzipSync(JSON.stringify(body));
  assert.equal(await (await post(collector, gzip, { 'Content-Encoding': 'gzip' })).text(), '{}');
  assert.equal(await (await post(collector, body)).text(), '{}');
  assert.equal((await rowsOf(collector)).length, 1, 'the second time is a duplicate');
});

test('a uid is stored once: within a request, across requests, across restarts', async context => {
  const dataDir = await makeDataDir(context);
  const record = logRecord('meeting.join.attempt');
  const first = await openCollector(context, { dataDir });
  await Promise.all([1, 2, 3].map(() => post(first, exportRequest('usage', [record, record]))));
  assert.equal((await rowsOf(first)).length, 1);
  await first.close();
  const second = await openCollector(context, { dataDir });
  assert.equal((await post(second, exportRequest('usage', [record]))).status, 200);
  assert.equal((await rowsOf(second)).length, 1);
});

test('every bad input has its status, and the answer is an OTLP Status', async context => {
  const limits = { maxBodyBytes: 2000, maxInflatedBytes: 4000, maxRecords: 3 };
  const collector = await openCollector(context, { limits });
  const gzip = { 'Content-Encoding': 'gzip' };
  const tooMany = exportRequest(
    'usage',
    Array.from({ length: 4 }, () => logRecord('meeting.join.attempt')),
  );
  const cases: [string, unknown, Record<string, string>, number][] = [
    ['not JSON', '{', {}, 400],
    ['an array', '[]', {}, 400],
    ['null', 'null', {}, 400],
    ['resourceLogs no list', '{"resourceLogs":7}', {}, 400],
    ['scopeLogs no list', '{"resourceLogs":[{"scopeLogs":{}}]}', {}, 400],
    ['no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), {}, 400],
    ['no gzip', '{}', gzip, 400],
    ['text', '{}', { 'Content-Type': 'text/plain' }, 415],
    ['brotli', '{}', { 'Content-Encoding': 'br' }, 415],
    ['too long', ' '.repeat(2001), {}, 413],
    ['a gzip bomb', gzipSync(' '.repeat(1_000_000)), gzip, 413],
    ['too many records', gzipSync(JSON.stringify(tooMany)), gzip, 413],
  ];
  for (const [name, body, headers, status] of cases) {
    const answer = await post(collector, body, headers);
    assert.equal(answer.status, status, name);
    assert.equal(answer.headers.get('Content-Type'), 'application/json', name);
    assert.deepEqual(Object.keys((await answer.json()) as object), ['code', 'message'], name);
  }
  const get = await collector.app.request('/v1/logs');
  assert.deepEqual([get.status, get.headers.get('Allow')], [405, 'POST']);
});

test('poison records are refused by themselves, with their reasons', async context => {
  const collector = await openCollector(context);
  const good = logRecord('meeting.join.attempt');
  const poison = [
    { ...good, eventName: 'page.view' },
    { ...logRecord('exception') },
    { ...good, timeUnixNano: 'yesterday' },
    { ...good, attributes: [] },
    null,
  ];
  const answer = await post(collector, exportRequest('usage', [good, ...(poison as (typeof good)[])]));
  const { partialSuccess } = (await answer.json()) as { partialSuccess: { rejectedLogRecords: string } };
  assert.equal(partialSuccess.rejectedLogRecords, '5');
  assert.equal((await rowsOf(collector)).length, 1);
});

test('user ids reach the disk only as keyed pseudonyms, apart by category', async context => {
  const dataDir = await makeDataDir(context);
  const collector = await openCollector(context, { dataDir });
  const clientHash = 'E296D735-4F36-4E18-7C3B-52E1A02A0164';
  await post(collector, exportRequest('error', [logRecord('exception', { 'user.id': 'AmosMarble' })]));
  await post(collector, exportRequest('census', [logRecord('meeting.census', { 'user.hash': clientHash })]));
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const expected = (category: string, value: string) => {
    const inner = sha256(sha256(`${collectorKey}|${category}|inner`) + value);
    const hex = sha256(sha256(`${collectorKey}|${category}|outer`) + inner).toUpperCase();
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
  };
  const hashes = (await rowsOf(collector)).map(row => row.user_hash).sort();
  assert.deepEqual(hashes, [expected('census', clientHash), expected('error', 'amosmarble')].sort());
  await collector.close();
  const bytes = (await readBytes(dataDir)).toString('latin1').toLowerCase();
  assert.ok(!bytes.includes('amosmarble'));
  assert.ok(!bytes.includes(clientHash.toLowerCase()));
});

test('free text is scrubbed again: not every sender is the page', async context => {
  const dataDir = await makeDataDir(context);
  const collector = await openCollector(context, { dataDir });
  const message = 'amos.marble@contoso.com at 192.0.2.17 could not join';
  const attributes = {
    'exception.message': message,
    'exception.stacktrace': `at f (${message})`,
    'user.id': '192.0.2.17',
  };
  await post(collector, exportRequest('error', [logRecord('exception', attributes)]));
  const [row] = await rowsOf(collector);
  assert.match(String(row?.attributes), /"exception.message":"\[address\] at \[ip\] could not join"/);
  await collector.close();
  const bytes = (await readBytes(dataDir)).toString('latin1');
  assert.ok(!/amos\.marble|192\.0\.2\.17/i.test(bytes));
});

test('while two keys are given rows carry both pseudonyms; with one key left the link goes', async context => {
  const dataDir = await makeDataDir(context);
  const oldKey = 'the older of two long keys';
  const request = () => exportRequest('error', [logRecord('exception', { 'user.id': 'amosmarble' })]);
  const before = await openCollector(context, { dataDir, collectorKey: oldKey });
  await post(before, request());
  await before.close();
  const during = await openCollector(context, { dataDir, collectorKey: `${collectorKey},${oldKey}` });
  await post(during, request());
  const [first, second] = await rowsOf(during);
  assert.equal(second?.user_hash_previous, first?.user_hash);
  assert.notEqual(second?.user_hash, first?.user_hash);
  await during.close();
  const after = await openCollector(context, { dataDir });
  assert.deepEqual(
    (await rowsOf(after)).map(row => row.user_hash_previous),
    [null, null],
  );
});

test('a client clock that is off by more than 2 s is corrected', async context => {
  const now = Date.UTC(2026, 0, 2);
  const collector = await openCollector(context, { now: () => now });
  const day = 86_400_000;
  await post(collector, exportRequest('usage', [logRecord('meeting.join.attempt', {}, now + day - 5000)], now + day));
  await post(collector, exportRequest('usage', [logRecord('meeting.join.attempt', {}, now - 3000)], now - 1500));
  const rows = await rowsOf(collector);
  assert.deepEqual(
    rows.map(row => [(row.recorded_at as Date).getTime() - now, row.clock_skew_ms]),
    [
      [-5000, -day],
      [-3000, null],
    ],
  );
});

test('one client beyond its rate is told when to come back, others are not', async context => {
  let address = 'one';
  const collector = await openCollector(context, {
    limits: { clientBurst: 2, clientRequestsPerSecond: 0.5 },
    clientAddress: () => address,
    now: () => Date.UTC(2026, 0, 1),
  });
  const body = { resourceLogs: [] };
  assert.deepEqual([(await post(collector, body)).status, (await post(collector, body)).status], [200, 200]);
  const answer = await post(collector, body);
  assert.deepEqual([answer.status, answer.headers.get('Retry-After')], [429, '2']);
  address = 'other';
  assert.equal((await post(collector, body)).status, 200);
});

test('the addresses of one IPv6 network are one client, those of another are not', async context => {
  let address = '';
  const collector = await openCollector(context, {
    limits: { clientBurst: 2, clientRequestsPerSecond: 0.5 },
    clientAddress: () => address,
    now: () => Date.UTC(2026, 0, 1),
  });
  const statuses: number[] = [];
  const addresses = ['2001:db8:0:1::1', '2001:db8:0:1:a:b:c:d', '2001:db8::1:0:0:0:2', '2001:db8::1', '::1'];
  for (address of addresses) statuses.push((await post(collector, { resourceLogs: [] })).status);
  assert.deepEqual(statuses, [200, 200, 429, 200, 200]);
});

test('a full disk: nothing acknowledged, nothing stored, healthy again once there is room', async context => {
  let free = 1;
  const collector = await openCollector(context, { freeBytes: async () => free });
  const body = exportRequest('usage', [logRecord('meeting.join.attempt')]);
  const answer = await post(collector, body);
  assert.deepEqual([answer.status, answer.headers.get('Retry-After')], [503, '60']);
  assert.equal((await collector.app.request('/healthz')).status, 503);
  free = 1e12;
  assert.equal((await post(collector, body)).status, 200);
  assert.equal((await collector.app.request('/healthz')).status, 200);
  assert.equal((await rowsOf(collector)).length, 1);
});

test('a corrupt database stops the start with one line that names the file, and is left as it is', async context => {
  const dataDir = await makeDataDir(context);
  await writeFile(join(dataDir, 'events.duckdb'), 'x'.repeat(20_000));
  await assert.rejects(openCollector(context, { dataDir }), (error: Error) => {
    assert.ok(error instanceof StoreUnreadableError);
    assert.match(error.message, /events\.duckdb cannot be read/);
    return !error.message.includes('\n');
  });
});

/** What a machine that lost its power may leave: the files as they lie on the disk, and a log that `spoil` has been at. */
const copySpoiled = async (context: TestContext, from: string, spoil: (log: Buffer) => Buffer): Promise<string> => {
  const to = await makeDataDir(context);
  await cp(from, to, { recursive: true });
  const log = join(to, 'events.duckdb.wal');
  await writeFile(log, spoil(await readFile(log)));
  return to;
};

test('a log that breaks off is read up to there; one that is spoiled stops the start, and is left as it is', async context => {
  const dataDir = await makeDataDir(context);
  const collector = await openCollector(context, { dataDir });
  const pools = ['pool01.contoso.com', 'pool02.contoso.com', 'pool03.contoso.com'];
  for (const pool of pools) {
    await post(collector, exportRequest('usage', [logRecord('meeting.join.attempt', { 'meeting.pool': pool })]));
  }
  const brokenOff = await openCollector(context, {
    dataDir: await copySpoiled(context, dataDir, log => log.subarray(0, -20)),
  });
  assert.equal((await rowsOf(brokenOff)).length, 2);
  const spoiled = await copySpoiled(context, dataDir, log => {
    log.write('X', log.indexOf('pool02'));
    return log;
  });
  const before = await readBytes(spoiled);
  await assert.rejects(openCollector(context, { dataDir: spoiled }), (error: Error) => {
    assert.ok(error instanceof StoreUnreadableError);
    assert.match(error.message, /events\.duckdb cannot be read .*move it and its \.wal away/);
    return !error.message.includes('\n');
  });
  assert.ok(before.equals(await readBytes(spoiled)));
});

test('faults: an answer stores nothing, a lost answer stores, delay only takes longer', async context => {
  const collector = await openCollector(context);
  const body = () => exportRequest('usage', [logRecord('meeting.join.attempt')]);
  collector.faults.set({ kind: 'answer', status: 429, retryAfterSeconds: 7 });
  const answer = await post(collector, body());
  assert.deepEqual([answer.status, answer.headers.get('Retry-After')], [429, '7']);
  assert.equal((await rowsOf(collector)).length, 0);
  collector.faults.set({ kind: 'lose-answer' });
  await post(collector, body());
  assert.equal((await rowsOf(collector)).length, 1);
  collector.faults.set({ kind: 'delay', delayMs: 30 });
  assert.equal((await post(collector, body())).status, 200);
});

test('cross-origin: only listed origins, and the preflight may be kept', async context => {
  const collector = await openCollector(context, { allowedOrigins: ['https://meet.contoso.com'] });
  const preflight = (origin: string) =>
    collector.app.request('/v1/logs', {
      method: 'OPTIONS',
      headers: { Origin: origin, 'Access-Control-Request-Method': 'POST' },
    });
  const allowed = await preflight('https://meet.contoso.com');
  assert.equal(allowed.headers.get('Access-Control-Allow-Origin'), 'https://meet.contoso.com');
  assert.equal(allowed.headers.get('Access-Control-Max-Age'), '7200');
  assert.equal((await preflight('https://evil.example')).headers.get('Access-Control-Allow-Origin'), null);
});

test('retention: each category goes when its days are over', async context => {
  let now = Date.UTC(2026, 0, 1);
  const collector = await openCollector(context, { now: () => now, retention: { census: 1, usage: 3, error: 1 } });
  await post(collector, exportRequest('usage', [logRecord('meeting.join.attempt', {}, now)], now));
  await post(collector, exportRequest('error', [logRecord('exception', {}, now)], now));
  now += 2 * 86_400_000;
  assert.equal(await collector.store?.expire({ census: 1, usage: 3, error: 1 }, now), 1);
  assert.deepEqual(
    (await rowsOf(collector)).map(row => row.category),
    ['usage'],
  );
});

test('the configuration is published as exported, patched with an account of it, and kept', async context => {
  const dataDir = await makeDataDir(context);
  const collector = await openCollector(context, { dataDir });
  await collector.configurations.patch(
    'service:webserver:POOL02.contoso.com',
    { MeetingUxEnableTelemetry: true },
    'me',
  );
  await collector.configurations.patch('Site:Redmond', {}, 'me');
  await collector.close();
  const again = await openCollector(context, { dataDir });
  const published = (await (await again.app.request('/web-service-configuration.json')).json()) as object[];
  assert.equal(published.length, 4);
  assert.equal(again.configurations.get('Service:WebServer:pool02.contoso.com')?.MeetingUxEnableTelemetry, true);
  assert.deepEqual(
    (await again.configurations.audit()).map(({ by, identity }) => [by, identity]),
    [
      ['me', 'Site:Redmond'],
      ['me', 'Service:WebServer:pool02.contoso.com'],
    ],
  );
});

test('the metrics are behind the operator token', async context => {
  const collector = await openCollector(context);
  assert.equal((await collector.app.request('/metrics')).status, 401);
  const answer = await collector.app.request('/metrics', { headers: { Authorization: `Bearer ${opsToken}` } });
  assert.match(await answer.text(), /^meeting_join_collector_records_stored_total 0$/m);
});
