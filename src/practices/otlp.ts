/**
 * OTLP/HTTP JSON logs, as far as this product writes and reads them.
 * https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding: lowerCamelCase keys, enums as integers, 64-bit
 * integers as decimal strings.
 */
import type { Attributes, AttributeValue, Category, EventName } from './catalog.js';

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

export interface ExportLogsRequest {
  resourceLogs: {
    resource: { attributes: KeyValue[] };
    scopeLogs: {
      scope: { name: string; version: string; attributes: KeyValue[] };
      logRecords: LogRecord[];
    }[];
  }[];
}

/** `SeverityNumber`: unhandled error, handled error, information. */
export const severity = { error: 17, warn: 13, info: 9 } as const;

export const scopePrefix = 'meeting-join-telemetry/';

const toAnyValue = (value: AttributeValue, isDouble: boolean): AnyValue => {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return isDouble || !Number.isInteger(value) ? { doubleValue: value } : { intValue: `${value}` };
};

/** Attributes as OTLP key-values; undefined values are left out. `isDouble` names those that stay doubles when whole. */
export const toKeyValues = (attributes: Attributes, isDouble: (name: string) => boolean = () => false): KeyValue[] => {
  const keyValues: KeyValue[] = [];
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) keyValues.push({ key, value: toAnyValue(value, isDouble(key)) });
  }
  return keyValues;
};

/** Milliseconds (fractions allowed) to the nanosecond string of `timeUnixNano`. */
export const toUnixNano = (ms: number): string =>
  `${Math.trunc(ms)}${`${Math.trunc((ms % 1) * 1e6)}`.padStart(6, '0')}`;

/** One batch: one category, one resource. */
export const toExportRequest = (
  category: Category,
  version: string,
  resource: KeyValue[],
  logRecords: LogRecord[],
  sentAtMs: number,
): ExportLogsRequest => ({
  resourceLogs: [
    {
      resource: { attributes: resource },
      scopeLogs: [
        {
          scope: {
            name: scopePrefix + category,
            version,
            attributes: toKeyValues({ 'telemetry.sent_at_ms': Math.trunc(sentAtMs) }),
          },
          logRecords,
        },
      ],
    },
  ],
});

/**
 * Reads an answer's body as an `ExportLogsServiceResponse`.
 * @returns how many records the collector refused, or undefined when the body is no such answer: a captive portal's
 * page, somebody else's JSON.
 */
export const parseExportResponse = (body: string): number | undefined => {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return undefined;
  const { partialSuccess, ...others } = answer as { partialSuccess?: { rejectedLogRecords?: unknown } };
  if (Object.keys(others).length > 0) return undefined;
  const rejected = Number(partialSuccess?.rejectedLogRecords ?? 0);
  return Number.isInteger(rejected) && rejected >= 0 ? rejected : undefined;
};
