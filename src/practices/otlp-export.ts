/** One beacon and its answer: `ExportLogsServiceRequest` and `ExportLogsServiceResponse` in OTLP/HTTP JSON. */
import type { Category } from './catalog.js';
import type { KeyValue, LogRecord } from './otlp.js';

export interface ExportLogsRequest {
  resourceLogs: {
    resource: { attributes: KeyValue[] };
    scopeLogs: {
      scope: { name: string; version: string; attributes: KeyValue[] };
      logRecords: LogRecord[];
    }[];
  }[];
}

export const scopePrefix = 'meeting-join-telemetry/';

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
            attributes: [{ key: 'telemetry.sent_at_ms', value: { intValue: `${Math.trunc(sentAtMs)}` } }],
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
  try {
    const { partialSuccess, ...others } = JSON.parse(body);
    const rejected = partialSuccess?.rejectedLogRecords ?? 0;
    // Of all JSON, only an object begins so.
    const isAnswer = /^\s*\{/.test(body) && !Object.keys(others).length && /^\d+$/.test(rejected);
    return isAnswer ? Number(rejected) : undefined;
  } catch {
    return undefined;
  }
};
