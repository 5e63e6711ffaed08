/** OTLP/HTTP protobuf: the same rows, the same refusals, and answers in the same encoding. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import fc from 'fast-check';
import { scopePrefix } from 'meeting-join-telemetry/practices.js';
import type { Collector } from '../../../demo/collector/index.js';
import { openCollector, post } from './house.js';

/** What of the SDK's own resource is declared. */
const sdkAttributes = '{"telemetry.sdk.language":"nodejs","telemetry.sdk.name":"opentelemetry"}';

const protobuf = { 'Content-Type': 'application/x-protobuf' };

/** The bytes of a request as OpenTelemetry's own exporter writes them: one good record, and one that is not ours. */
const writeRequest = async (context: TestContext, recordCount = 1): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  const server = createServer(async (request, response) => {
    for await (const chunk of request) chunks.push(chunk as Buffer);
    response.writeHead(200, protobuf).end();
  }).listen(0, '127.0.0.1');
  context.after(() => server.close());
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/logs`;
  const processors = [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url }) })];
  const provider = new LoggerProvider({ processors });
  const logger = provider.getLogger(`${scopePrefix}usage`);
  for (let record = 0; record < recordCount; record += 1) {
    logger.emit({
      eventName: 'meeting.join.result',
      timestamp: Date.now(),
      body: { nested: [{ deep: [1, 'two', true] }] },
      attributes: {
        'log.record.uid': randomUUID(),
        'meeting.join.id': randomUUID(),
        'meeting.pool': 'Pöol01.contoso.com',
        'meeting.join.duration_ms': 1234,
        'client.address': '10.1.2.3',
      },
    });
  }
  logger.emit({ eventName: 'page.view', timestamp: Date.now() });
  await provider.forceFlush();
  await provider.shutdown();
  return Buffer.concat(chunks);
};

/** `google.rpc.Status` and `ExportLogsPartialSuccess` are alike: a number, then a text. */
const readPair = (reader: BinaryReader): [number, string] => {
  let count = 0;
  let text = '';
  while (reader.pos < reader.len) {
    const [field] = reader.tag();
    if (field === 1) count = Number(reader.int64());
    else text = reader.string(true);
  }
  return [count, text];
};

const bytesOf = async (answer: Response): Promise<Uint8Array> => new Uint8Array(await answer.arrayBuffer());

const readPartialSuccess = async (answer: Response): Promise<[number, string]> => {
  const reader = new BinaryReader(await bytesOf(answer));
  assert.deepEqual(reader.tag(), [1, 2]);
  return readPair(new BinaryReader(reader.bytes()));
};

const rowsOf = async ({ store }: Collector) => (await store?.query('SELECT * FROM events')) ?? [];

test('what an exporter sends is stored as its JSON would be, and the answer is protobuf', async context => {
  const collector = await openCollector(context);
  const answer = await post(collector, await writeRequest(context), protobuf);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('Content-Type'), 'application/x-protobuf');
  const [rejected, message] = await readPartialSuccess(answer);
  assert.equal(rejected, 1);
  assert.match(message, /not in the catalog/);
  const [row, ...more] = await rowsOf(collector);
  assert.deepEqual(
    [row?.event_name, row?.category, row?.pool, row?.duration_ms, row?.attributes, more.length],
    ['meeting.join.result', 'usage', 'pöol01.contoso.com', 1234, sdkAttributes, 0],
  );
});

test('nothing refused, nothing said: an empty answer', async context => {
  const collector = await openCollector(context);
  const answer = await post(collector, new Uint8Array(), protobuf);
  assert.deepEqual([answer.status, (await bytesOf(answer)).length], [200, 0]);
});

/** Length-delimited fields, one within the other: `[1, 2]` is a field 2 in a field 1. */
const nest = (fields: number[], inner: Uint8Array): Uint8Array =>
  fields.reduceRight<Uint8Array>((bytes, field) => {
    const length: number[] = [];
    for (let rest = bytes.length; rest > 0 || length.length === 0; rest >>>= 7) {
      length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    }
    return Buffer.concat([Buffer.from([(field << 3) | 2, ...length]), bytes]);
  }, inner);

const records = [1, 2, 2];

test('every bad input has its status, and the answer is a Status in protobuf', async context => {
  const collector = await openCollector(context, { limits: { maxInflatedBytes: 500_000, clientBurst: 1e9 } });
  const gzip = { 'Content-Encoding': 'gzip' };
  const cases: [string, Uint8Array, Record<string, string>, number][] = [
    ['JSON', Buffer.from('{"resourceLogs":[]}'), {}, 400],
    ['zeros', Buffer.alloc(100), {}, 400],
    ['cut off', (await writeRequest(context)).subarray(0, -3), {}, 400],
    ['a message longer than what is around it', nest([1], Buffer.from([0x12, 0x05, 0, 0])), {}, 400],
    ['no UTF-8', nest([...records, 12], Buffer.from([0xff, 0xfe])), {}, 400],
    ['groups in groups without end', Buffer.alloc(100_000, 0x0b), {}, 400],
    ['a length of 4 GiB', Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]), {}, 400],
    ['too many records', nest([1, 2], Buffer.alloc(20_000).fill(Buffer.from([0x12, 0]))), {}, 413],
    ['a bomb', gzipSync(Buffer.alloc(1_000_000)), gzip, 413],
    ['no gzip', Buffer.from([0x0a, 0]), gzip, 400],
    ['brotli', Buffer.from([0x0a, 0]), { 'Content-Encoding': 'br' }, 415],
  ];
  for (const [name, body, headers, status] of cases) {
    const answer = await post(collector, body, { ...protobuf, ...headers });
    assert.equal(answer.status, status, name);
    assert.equal(answer.headers.get('Content-Type'), 'application/x-protobuf', name);
    const [code, message] = readPair(new BinaryReader(await bytesOf(answer)));
    assert.ok(code > 0 && message !== '', name);
  }
  assert.equal((await rowsOf(collector)).length, 0);
});

test('a body of nothing but values within values is skipped, not followed', async context => {
  const collector = await openCollector(context);
  let value: Uint8Array = new Uint8Array();
  for (let depth = 0; depth < 10_000; depth += 1) value = nest([5, 1], value);
  const answer = await post(collector, nest([...records, 5], value), protobuf);
  assert.equal(answer.status, 200);
  assert.equal((await readPartialSuccess(answer))[0], 1);
});

test('a gateway takes protobuf and forwards JSON', async context => {
  const forwarded: string[] = [];
  const hop = createServer(async (request, response) => {
    for await (const chunk of request) forwarded.push(String(chunk));
    response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
  }).listen(0, '127.0.0.1');
  await once(hop, 'listening');
  context.after(() => hop.close());
  const gateway = await openCollector(context, {
    forwardTo: `http://127.0.0.1:${(hop.address() as AddressInfo).port}`,
  });
  const answer = await post(gateway, await writeRequest(context), protobuf);
  assert.equal((await readPartialSuccess(answer))[0], 1);
  const { resourceLogs } = JSON.parse(forwarded.join('')) as { resourceLogs: unknown[] };
  assert.equal(resourceLogs.length, 1);
  assert.match(forwarded.join(''), /"key":"meeting.join.duration_ms","value":\{"intValue":"1234"\}/);
});

test('whatever the bytes, the collector answers in protobuf with an OTLP status and goes on', async context => {
  const collector = await openCollector(context, { limits: { clientBurst: 1e9 } });
  const valid = await writeRequest(context, 3);
  const changed = fc
    .array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
    .map(changes => {
      const bytes = Uint8Array.from(valid);
      for (const [index, byte] of changes) bytes[index] = byte;
      return bytes;
    });
  const cut = fc.nat(valid.length).map(length => valid.subarray(0, length));
  await fc.assert(
    fc.asyncProperty(fc.oneof(changed, cut, fc.uint8Array({ maxLength: 200 })), async bytes => {
      const answer = await post(collector, bytes, protobuf);
      assert.ok([200, 400].includes(answer.status), `${answer.status}`);
      assert.equal(answer.headers.get('Content-Type'), 'application/x-protobuf');
    }),
    { numRuns: 500 },
  );
  for (const row of await rowsOf(collector)) assert.ok(!JSON.stringify(row).includes('10.1.2.3'));
  assert.equal((await collector.app.request('/healthz')).status, 200);
});
