/**
 * OTLP/HTTP JSON logs, as far as this product writes and reads them.
 * https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding: lowerCamelCase keys, enums as integers, 64-bit
 * integers as decimal strings.
 */
import type { Attributes, AttributeValue, EventName } from './catalog.js';

export interface AnyValue {
  stringValue?: string;
  intValue?: string;
  doubleValue?: number;
  boolValue?: boolean;
}

export interface KeyValue {
  key: string;
  value: AnyValue;
}

export interface LogRecord {
  /** When it happened, nanoseconds since the Unix epoch as a decimal string. */
  timeUnixNano: string;
  severityNumber: number;
  eventName: EventName;
  attributes: KeyValue[];
}

/** `SeverityNumber`: unhandled error, handled error, information. */
export const severity = { error: 17, warn: 13, info: 9 } as const;

export const toAnyValue = (value: AttributeValue, isDouble = false): AnyValue => {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return isDouble || !Number.isInteger(value) ? { doubleValue: value } : { intValue: `${value}` };
};

/**
 * Attributes as OTLP key-values; undefined values are left out.
 * @param write the value as it is written down; what it makes undefined is left out too
 */
export const toKeyValues = (
  attributes: Attributes,
  write: (given: AttributeValue, key: string) => AnyValue | undefined = given => toAnyValue(given),
): KeyValue[] => {
  const keyValues: KeyValue[] = [];
  for (const [key, given] of Object.entries(attributes)) {
    const value = given === undefined ? given : write(given, key);
    if (value) keyValues.push({ key, value });
  }
  return keyValues;
};

/** Milliseconds (fractions allowed) to the nanosecond string of `timeUnixNano`. */
export const toUnixNano = (ms: number): string => ms.toFixed(6).replace('.', '');
