/**
 * Requests of the right shape and of wrong ones, as JSON and protobuf, plain and gzip, whole and broken, through the
 * collector into DuckDB; and then every byte it wrote is searched for what nothing declares.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import {
  type AttributeValue,
  boundOf,
  conform,
  type EventName,
  events,
  resourceAttributes,
  scopePrefix,
} from 'meeting-join-telemetry/practices.js';
import type { Collector } from '../../../demo/collector/index.js';
import { type ColumnName, columnNames, columns } from '../../../demo/collector/schema.js';
import { makeDataDir, openCollector, post, readBytes } from './house.js';

/** Stands in each place that is not declared, and nowhere else. */
const undeclared = 'canary-undeclared';
/** Stands where the client may send it, and is hashed before anything is stored. */
const user = 'canary-user';
const address = '203.0.113.77';

const now = Date.UTC(2026, 0, 1);

type Value =
  | { stringValue: string }
  | { intValue: string }
  | { doubleValue: number }
  | { boolValue: boolean }
  | { arrayValue: { values: readonly object[] } };

interface KeyValue {
  key: string;
  value: Value;
}

const text = (...texts: string[]) => fc.constantFrom(...texts).map(stringValue => ({ stringValue }));
const number = fc.oneof(
  fc.maxSafeInteger(),
  fc.constantFrom(0, -1, 2 ** 53, 9.3e15, -9.3e15, 9e18, 1e300, -1e300, now, now + 1e7),
);
const numeric = fc.oneof(
  number.map(doubleValue => ({ doubleValue })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(int => ({ intValue: `${int}` })),
);
const value: fc.Arbitrary<Value> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }).map(stringValue => ({ stringValue })),
  text('a'.repeat(300), 'Edge', '\0', '{"a":"b"}', "'); DROP TABLE events; --"),
  numeric,
  fc.boolean().map(boolValue => ({ boolValue })),
  fc.constant({ arrayValue: { values: [{ stringValue: undeclared }] } }),
);

const freeText = [
  'exception.message',
  'exception.stacktrace',
  'exception.type',
  'meeting.join.error.code',
  'error.type',
];
const declared = [
  ...new Set(Object.values(events).flatMap(({ attributes }) => Object.keys(attributes))),
  ...Object.keys(resourceAttributes),
].filter(name => name !== 'user.id' && name !== 'user.hash');

const keyValue: fc.Arbitrary<KeyValue> = fc.oneof(
  fc.record({ key: fc.constantFrom(...declared), value }),
  fc.record({
    key: fc.constantFrom(...freeText),
    value: text(`no route to ${address}:443`, `for ${user}@contoso.com`),
  }),
  fc.record({ key: fc.constantFrom('user.id', 'user.hash'), value: text(user, `${user}@contoso.com`, address) }),
  fc.record({
    key: fc.constantFrom(undeclared, '__proto__', 'constructor', 'meeting.feature.X'),
    value: text(undeclared),
  }),
);
const keyValues = fc.array(keyValue, { maxLength: 8 });

const logRecord = fc
  .record({
    timeUnixNano: fc.oneof(
      { weight: 8, arbitrary: fc.constant(`${now}000000`) },
      { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String) },
    ),
    eventName: fc.constantFrom(...Object.keys(events), undeclared),
    severityNumber: fc.constantFrom(0, 9, 17, 1000),
    attributes: keyValues,
    uid: fc.uuid(),
  })
  .map(({ uid, attributes, ...rest }) => ({
    ...rest,
    severityText: undeclared,
    body: { stringValue: undeclared },
    attributes: [...attributes, { key: 'log.record.uid', value: { stringValue: uid } }],
  }));

const sentAt = numeric.map(sent => ({ key: 'telemetry.sent_at_ms', value: sent }));

const request = fc.record({
  resourceLogs: fc.array(
    fc.record({
      resource: fc.record({ attributes: keyValues }),
      scopeLogs: fc.array(
        fc.record({
          scope: fc.record({
            name: fc.constantFrom(...['census', 'usage', 'error', undeclared].map(category => scopePrefix + category)),
            version: fc.constant(undeclared),
            attributes: fc.array(fc.oneof(sentAt, keyValue), { maxLength: 2 }),
          }),
          logRecords: fc.array(logRecord, { maxLength: 4 }),
        }),
        { maxLength: 2 },
      ),
    }),
    { maxLength: 2 },
  ),
});

type Made<T> = T extends fc.Arbitrary<infer Value> ? Value : never;
type Request = Made<typeof request>;

const writeString = (writer: BinaryWriter, field: number, content: string): BinaryWriter =>
  writer.tag(field, WireType.LengthDelimited).string(content);

const writeMessage = (writer: BinaryWriter, field: number, write: () => void): void => {
  writer.tag(field, WireType.LengthDelimited).fork();
  write();
  writer.join();
};

const writeValue = (writer: BinaryWriter, any: Value): void => {
  if ('stringValue' in any) writeString(writer, 1, any.stringValue);
  else if ('boolValue' in any) writer.tag(2, WireType.Varint).bool(any.boolValue);
  else if ('intValue' in any) writer.tag(3, WireType.Varint).int64(any.intValue);
  else if ('doubleValue' in any) writer.tag(4, WireType.Bit64).double(any.doubleValue);
  else writeMessage(writer, 5, () => writeMessage(writer, 1, () => writeString(writer, 1, undeclared)));
};

const writeKeyValues = (writer: BinaryWriter, field: number, all: KeyValue[]): void => {
  for (const { key, value: any } of all) {
    writeMessage(writer, field, () => {
      writeString(writer, 1, key);
      writeMessage(writer, 2, () => writeValue(writer, any));
    });
  }
};

const writeRecord = (
  writer: BinaryWriter,
  record: Request['resourceLogs'][0]['scopeLogs'][0]['logRecords'][0],
): void => {
  writer.tag(1, WireType.Bit64).fixed64(record.timeUnixNano).tag(2, WireType.Varint).int32(record.severityNumber);
  writeString(writer, 3, record.severityText);
  writeMessage(writer, 5, () => writeValue(writer, record.body));
  writeKeyValues(writer, 6, record.attributes);
  writeString(writer, 12, record.eventName);
};

const toProtobuf = ({ resourceLogs }: Request): Uint8Array => {
  const writer = new BinaryWriter();
  for (const { resource, scopeLogs } of resourceLogs) {
    writeMessage(writer, 1, () => {
      writeMessage(writer, 1, () => writeKeyValues(writer, 1, resource.attributes));
      for (const { scope, logRecords } of scopeLogs) {
        writeMessage(writer, 2, () => {
          writeMessage(writer, 1, () => {
            writeString(writeString(writer, 1, scope.name), 2, scope.version);
            writeKeyValues(writer, 3, scope.attributes);
          });
          for (const record of logRecords) writeMessage(writer, 2, () => writeRecord(writer, record));
        });
      }
    });
  }
  return writer.finish();
};

const beacon = fc.record({
  request,
  isProtobuf: fc.boolean(),
  isGzip: fc.boolean(),
  /** A byte changed somewhere, before or after gzip. */
  damage: fc.option(fc.record({ at: fc.nat(), byte: fc.nat(255), isAfterGzip: fc.boolean() }), { freq: 3 }),
});

const spoil = (bytes: Uint8Array, at: number, byte: number): Uint8Array => {
  const spoiled = Uint8Array.from(bytes);
  if (spoiled.length > 0) spoiled[at % spoiled.length] = byte;
  return spoiled;
};

const send = (collector: Collector, { request: body, isProtobuf, isGzip, damage }: Made<typeof beacon>) => {
  let bytes = isProtobuf ? toProtobuf(body) : Buffer.from(JSON.stringify(body));
  if (damage && !damage.isAfterGzip) bytes = spoil(bytes, damage.at, damage.byte);
  if (isGzip) bytes = gzipSync(bytes);
  if (damage?.isAfterGzip) bytes = spoil(bytes, damage.at, damage.byte);
  return post(collector, bytes, {
    'Content-Type': isProtobuf ? 'application/x-protobuf' : 'application/json',
    ...(isGzip ? { 'Content-Encoding': 'gzip' } : {}),
  });
};

const boundOfStored = (event: EventName, name: string) => boundOf(event, name) ?? resourceAttributes[name];

const checkAttribute = (event: EventName, name: string, stored: unknown): void => {
  const bound = boundOfStored(event, name);
  assert.ok(bound !== undefined, `${name} of ${event} is not declared`);
  assert.equal(conform(stored, bound), stored as AttributeValue, `${name}=${stored}`);
};

const checkRow = (row: Record<string, unknown>): void => {
  const event = row.event_name as EventName;
  for (const column of columnNames) {
    const { attribute } = columns[column as ColumnName] as { attribute?: string };
    if (attribute !== undefined && row[column] !== null) checkAttribute(event, attribute, row[column]);
  }
  const { severity_number: severity = 0, ...rest } = JSON.parse(String(row.attributes)) as Record<string, unknown>;
  assert.ok(Number(severity) <= 24);
  for (const [name, stored] of Object.entries(rest)) checkAttribute(event, name, stored);
  for (const at of [row.recorded_at, row.received_at]) assert.ok(/^20\d\d$/.test(`${(at as Date).getUTCFullYear()}`));
};

test('whatever the beacon, nothing undeclared, no user and no address is in any byte the collector wrote', async context => {
  const dataDir = await makeDataDir(context);
  const collector = await openCollector(context, { dataDir, limits: { clientBurst: 1e9 }, now: () => now });
  const connection = await collector.store?.connect();
  // Else DuckDB would hide from the search what it stores.
  await connection?.run("SET GLOBAL force_compression = 'uncompressed'");
  connection?.closeSync();
  const bytes: Buffer[] = [];
  let sent = 0;
  await fc.assert(
    fc.asyncProperty(beacon, async one => {
      const { status } = await send(collector, one);
      assert.ok(one.damage ? [200, 400, 413].includes(status) : status === 200, `${status}`);
      sent += 1;
      if (sent % 100 === 0) bytes.push(await readBytes(dataDir));
    }),
    { numRuns: 600 },
  );
  const rows = (await collector.store?.query('SELECT * FROM events')) ?? [];
  assert.ok(rows.length > 100, `${rows.length}`);
  for (const row of rows) checkRow(row);
  await collector.close();
  bytes.push(await readBytes(dataDir));
  const all = Buffer.concat(bytes).toString('latin1');
  assert.ok(all.includes('meeting.join.attempt'), 'the search sees what is stored');
  for (const canary of [undeclared, user, address]) assert.ok(!all.includes(canary), canary);
});
