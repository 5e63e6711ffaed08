/** What a client sends that means harm, or was written by somebody who read the specification otherwise. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Collector } from '../../../demo/collector/index.js';
import { exportRequest, logRecord, makeDataDir, openCollector, post, readBytes } from './house.js';

const rowsOf = async ({ store }: Collector) => (await store?.query('SELECT * FROM events ORDER BY received_at')) ?? [];

const attempt = () => logRecord('meeting.join.attempt');

const sentAt = (value: number) => ({
  resourceLogs: [
    {
      scopeLogs: [
        {
          scope: {
            name: 'meeting-join-telemetry/usage',
            attributes: [{ key: 'telemetry.sent_at_ms', value: { doubleValue: value } }],
          },
          logRecords: [attempt()],
        },
      ],
    },
  ],
});

test('a clock beyond all times neither refuses what others send with it nor leaves a time that nobody can read', async context => {
  const collector = await openCollector(context);
  for (const value of [-9.3e15, 9.3e15, -9e15, 8e15, 1e300, Date.UTC(1970), Date.UTC(2400)]) {
    assert.equal((await post(collector, sentAt(value))).status, 200, `${value}`);
  }
  const rows = await rowsOf(collector);
  assert.equal(rows.length, 7);
  for (const { recorded_at: at } of rows) assert.ok(Math.abs((at as Date).getTime() - Date.now()) < 60_000, `${at}`);
  const now = Date.UTC(2026, 0, 1);
  const late = logRecord('meeting.join.attempt', {}, Date.UTC(2099, 11, 30));
  const answer = await post(collector, exportRequest('usage', [late], Date.UTC(2001)));
  assert.match(await answer.text(), /"rejectedLogRecords":"1"/, `${now}: corrected, it is beyond 2100`);
});

test('a count that is no BIGINT is left out, so that sums of them can be made', async context => {
  const collector = await openCollector(context);
  const record = logRecord('meeting.join.result', { 'meeting.join.result': 'success' });
  for (const value of [
    { doubleValue: 1e300 },
    { intValue: '9223372036854775807' },
    { intValue: '-9999999999999999999' },
  ]) {
    const attributes = [...logRecord('meeting.join.result').attributes, { key: 'meeting.join.duration_ms', value }];
    const answer = await post(collector, exportRequest('usage', [{ ...record, attributes } as typeof record]));
    assert.match(await answer.text(), /1 attributes left out/);
  }
  assert.deepEqual(
    (await rowsOf(collector)).map(row => row.duration_ms),
    [null, null, null],
  );
});

test('text without a gap is not given to the scrubber, whose time grows with its square', async context => {
  const collector = await openCollector(context);
  const words = 'at f (https://a.example/x.js:1:2)';
  const attributes = {
    'exception.message': `${'a.a-'.repeat(3000)} ${words}`,
    'exception.stacktrace': '.'.repeat(12_000),
  };
  await post(collector, exportRequest('error', [logRecord('exception', attributes)]));
  const [row] = await rowsOf(collector);
  assert.deepEqual(JSON.parse(String(row?.attributes)), {
    severity_number: 9,
    'exception.message': `[long] ${words}`,
    'exception.stacktrace': '[long]',
  });
});

test('who somebody is reaches no file by another door: NULs in an address, a message as error.type, a pool that is a person', async context => {
  const dataDir = await makeDataDir(context);
  const collector = await openCollector(context, { dataDir });
  const records = [
    logRecord('exception', {
      'exception.message': 'refused by 192.0.\u00002.17 and 2001:db8\u0000::17, for am\u0000os.marble@contoso.com',
      'error.type': 'connect ECONNREFUSED 192.0.2.17:443',
      'meeting.error.source': 'amos.marble@contoso.com',
    }),
  ];
  const joins = [
    logRecord('meeting.join.attempt', {
      'meeting.pool': 'sip:amos.marble@contoso.com',
      'meeting.federation_partner': 'amos.marble@contoso.com',
    }),
  ];
  await post(collector, exportRequest('error', records));
  await post(collector, exportRequest('usage', joins));
  assert.equal((await rowsOf(collector)).length, 2);
  const thread = logRecord('exception', { 'meeting.conversation.thread_id': '19:meeting_x@thread.v2' });
  await post(collector, exportRequest('error', [thread]));
  assert.match(JSON.stringify(await rowsOf(collector)), /19:meeting_x@thread\.v2/, 'opaque, and no address');
  const check = async () => {
    const bytes = (await readBytes(dataDir)).toString('latin1');
    assert.ok(!/amos|192\.0\.2|2001:db8/i.test(bytes));
  };
  await check();
  await collector.close();
  await check();
});

test('null is a field that is not there, as in all of proto3’s JSON', async context => {
  const collector = await openCollector(context);
  const bodies = [
    '{"resourceLogs":null}',
    '{"resourceLogs":[{"scopeLogs":null}]}',
    '{"resourceLogs":[{"resource":null,"scopeLogs":[{"scope":null,"logRecords":null}]}]}',
  ];
  for (const body of bodies) {
    const answer = await post(collector, body);
    assert.deepEqual([answer.status, await answer.text()], [200, '{}'], body);
  }
});

test('x-gzip is gzip', async context => {
  const collector = await openCollector(context);
  const body = gzipSync(JSON.stringify(exportRequest('usage', [attempt()])));
  assert.equal(await (await post(collector, body, { 'Content-Encoding': 'x-gzip' })).text(), '{}');
  assert.equal((await rowsOf(collector)).length, 1);
});

test('a body that is large once inflated counts as several requests of its client', async context => {
  const collector = await openCollector(context, {
    limits: { clientBurst: 40, clientRequestsPerSecond: 1 },
    clientAddress: () => 'one',
    now: () => Date.UTC(2026, 0, 1),
  });
  const body = gzipSync(JSON.stringify({ resourceLogs: [], rest: ' '.repeat(1_000_000) }));
  const headers = { 'Content-Encoding': 'gzip' };
  const statuses = [];
  for (let request = 0; request < 3; request += 1) statuses.push((await post(collector, body, headers)).status);
  assert.deepEqual(statuses, [200, 200, 429]);
});

test('the metrics are what Prometheus reads: each family declared once, its samples beneath it, every number finite', async context => {
  const collector = await openCollector(context);
  await post(
    collector,
    exportRequest('usage', [attempt(), { ...attempt(), eventName: `"\n\\${randomUUID()}` } as never]),
  );
  await post(collector, '{');
  const answer = await collector.app.request('/metrics', { headers: { Authorization: 'Bearer operator' } });
  const text = await answer.text();
  assert.ok(text.endsWith('\n'));
  const declared = new Map<string, string>();
  let family = '';
  for (const line of text.trimEnd().split('\n')) {
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line) ?? [];
    if (keyword === 'TYPE') {
      assert.ok(!declared.has(name), `${name} twice`);
      declared.set(name, rest);
      family = name;
    } else if (keyword === undefined) {
      const [, sample = '', value = ''] = /^([a-z_]+)(?:\{[a-z_]+="[^"\\\n]*"\})? (\S+)$/.exec(line) ?? [];
      assert.equal(
        sample.replace(declared.get(family) === 'histogram' ? /_(bucket|sum|count)$/ : '', ''),
        family,
        line,
      );
      assert.ok(Number.isFinite(Number(value)), line);
    }
  }
  assert.ok(declared.size > 8);
});
