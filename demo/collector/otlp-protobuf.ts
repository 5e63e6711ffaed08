/**
 * OTLP/HTTP protobuf, for clients other than the page: an `ExportLogsServiceRequest` is read into what its JSON would
 * parse to, so that everything behind sees one form, and answers are written.
 * https://github.com/open-telemetry/opentelemetry-proto/tree/main/opentelemetry/proto
 */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { ExportLogsServiceResponse, Status } from './otlp-answer.js';

interface Scalar {
  wireType: WireType;
  /** As JSON writes it: 64 bits as decimal digits. */
  read(reader: BinaryReader): unknown;
}

interface Field {
  name: string;
  type: Scalar | Message;
  isRepeated?: boolean;
}

/** By field number. What the collector does not read is not declared: it is skipped, however it nests. */
type Message = Map<number, Field>;

const string: Scalar = { wireType: WireType.LengthDelimited, read: reader => reader.string(true) };
const bool: Scalar = { wireType: WireType.Varint, read: reader => reader.bool() };
const int32: Scalar = { wireType: WireType.Varint, read: reader => reader.int32() };
const int64: Scalar = { wireType: WireType.Varint, read: reader => `${reader.int64()}` };
const fixed64: Scalar = { wireType: WireType.Bit64, read: reader => `${reader.fixed64()}` };
const double: Scalar = { wireType: WireType.Bit64, read: reader => reader.double() };

const anyValue: Message = new Map([
  [1, { name: 'stringValue', type: string }],
  [2, { name: 'boolValue', type: bool }],
  [3, { name: 'intValue', type: int64 }],
  [4, { name: 'doubleValue', type: double }],
]);

const keyValue: Message = new Map<number, Field>([
  [1, { name: 'key', type: string }],
  [2, { name: 'value', type: anyValue }],
]);

const attributes: Field = { name: 'attributes', type: keyValue, isRepeated: true };

const logRecord: Message = new Map<number, Field>([
  [1, { name: 'timeUnixNano', type: fixed64 }],
  [2, { name: 'severityNumber', type: int32 }],
  [6, attributes],
  [12, { name: 'eventName', type: string }],
]);

const scope: Message = new Map([
  [1, { name: 'name', type: string }],
  [3, attributes],
]);

const scopeLogs: Message = new Map([
  [1, { name: 'scope', type: scope }],
  [2, { name: 'logRecords', type: logRecord, isRepeated: true }],
]);

const resourceLogs: Message = new Map([
  [1, { name: 'resource', type: new Map([[1, attributes]]) }],
  [2, { name: 'scopeLogs', type: scopeLogs, isRepeated: true }],
]);

const exportRequest: Message = new Map([[1, { name: 'resourceLogs', type: resourceLogs, isRepeated: true }]]);

const isMessage = (type: Scalar | Message): type is Message => type instanceof Map;

const wireTypeOf = (type: Scalar | Message): WireType => (isMessage(type) ? WireType.LengthDelimited : type.wireType);

type Read = Record<string, unknown>;

/** A field that is there twice: the last one holds, unless it is repeated. */
const put = (read: Read, { name, isRepeated }: Field, value: unknown): void => {
  const before = read[name];
  if (Array.isArray(before)) before.push(value);
  else read[name] = isRepeated ? [value] : value;
};

const readValue = (reader: BinaryReader, type: Scalar | Message): unknown =>
  isMessage(type) ? readMessage(reader, type, reader.uint32()) : type.read(reader);

const readMessage = (reader: BinaryReader, message: Message, length: number): Read => {
  const end = reader.pos + length;
  const read: Read = {};
  while (reader.pos < end) {
    const [number, wireType] = reader.tag();
    const field = message.get(number);
    if (field !== undefined && wireTypeOf(field.type) === wireType) put(read, field, readValue(reader, field.type));
    else reader.skip(wireType, number);
  }
  if (reader.pos !== end) throw new RangeError('A message does not end where it said.');
  return read;
};

/** @throws when the bytes are no protobuf, or a string no UTF-8 */
export const parseExportRequest = (bytes: Uint8Array): unknown =>
  readMessage(new BinaryReader(bytes), exportRequest, bytes.length);

const isStatus = (answer: Status | ExportLogsServiceResponse): answer is Status => 'code' in answer;

/** https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto and logs_service.proto */
export const writeAnswer = (answer: Status | ExportLogsServiceResponse): Uint8Array => {
  const writer = new BinaryWriter();
  if (isStatus(answer)) {
    writer.tag(1, WireType.Varint).int32(answer.code).tag(2, WireType.LengthDelimited).string(answer.message);
  } else if (answer.partialSuccess !== undefined) {
    const { rejectedLogRecords, errorMessage } = answer.partialSuccess;
    writer.tag(1, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.Varint).int64(rejectedLogRecords).tag(2, WireType.LengthDelimited).string(errorMessage);
    writer.join();
  }
  return writer.finish();
};
