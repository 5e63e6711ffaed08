/**
 * Is a body really OTLP/HTTP JSON? Integers and ids are checked here; everything else against the official protobuf
 * descriptor, where one lies beside the checkout (or where OTLP_DESCRIPTOR says).
 * https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createFileRegistry, fromBinary, fromJson, type JsonValue } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

const descriptorPath = process.env.OTLP_DESCRIPTOR ?? resolve('../shared/otlp/desc.binpb');

const requestType = 'opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest';

export const hasDescriptor = existsSync(descriptorPath);

type Check = (body: JsonValue) => void;

const loadDescriptor = (): Check => {
  const files = fromBinary(FileDescriptorSetSchema, readFileSync(descriptorPath));
  const registry = createFileRegistry(files);
  const type = registry.getMessage(requestType);
  if (!type) throw new Error(`${descriptorPath} does not declare ${requestType}`);
  return body => void fromJson(type, body, { registry });
};

let checkDescriptor: Check | undefined;

type JsonObject = { [key: string]: JsonValue };

const idLengths: Record<string, number> = { traceId: 32, spanId: 16 };

/** The descriptor's JSON mapping has bytes as base64; OTLP has ids as hexadecimal. */
const checkId = (key: string, value: JsonValue): JsonValue => {
  if (typeof value !== 'string' || !/^[0-9a-f]*$/i.test(value) || value.length !== idLengths[key]) {
    throw new Error(`${key} is no hexadecimal id: ${JSON.stringify(value)}`);
  }
  return Buffer.from(value, 'hex').toString('base64');
};

const checkScalar = (key: string, value: JsonValue): JsonValue => {
  if (Object.hasOwn(idLengths, key)) return checkId(key, value);
  if (key === 'severityNumber' && !Number.isInteger(value)) throw new Error('severityNumber must be an integer');
  if (/Nano$|^intValue$/.test(key) && !(typeof value === 'string' && /^-?\d+$/.test(value))) {
    throw new Error(`${key} must be a decimal string: ${JSON.stringify(value)}`);
  }
  return value;
};

const checkNode = (key: string, value: JsonValue): JsonValue => {
  if (Array.isArray(value)) return value.map(member => checkNode(key, member));
  if (typeof value !== 'object' || value === null) return checkScalar(key, value);
  const checked: JsonObject = {};
  for (const [name, member] of Object.entries(value)) checked[name] = checkNode(name, member);
  return checked;
};

/** @throws with the reason when the body is not what OTLP says it must be. */
export const assertConforms = (body: unknown): void => {
  const forDescriptor = checkNode('', body as JsonValue);
  if (!hasDescriptor) return;
  checkDescriptor ??= loadDescriptor();
  checkDescriptor(forDescriptor);
};
