/**
 * Answers in OTLP/HTTP's terms: `ExportLogsServiceResponse` or `google.rpc.Status`, encoded as the request was.
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
 */
import { writeAnswer } from './otlp-protobuf.js';

/** https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
const codes: Record<number, number> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  405: 12,
  408: 4,
  413: 8,
  415: 3,
  429: 8,
  500: 13,
  502: 14,
  503: 14,
  504: 4,
};

export interface Status {
  code: number;
  message: string;
}

export interface ExportLogsServiceResponse {
  partialSuccess?: { rejectedLogRecords: string; errorMessage: string };
}

export interface Answer {
  status: number;
  body: Status | ExportLogsServiceResponse;
  /** Seconds, or as the next hop said it. */
  retryAfter: number | string | undefined;
}

export const answerStatus = (status: number, message: string, retryAfter?: number | string): Answer => ({
  status,
  body: { code: codes[status] ?? 2, message },
  retryAfter,
});

/** A message without a count is OTLP's way to warn of what was accepted. */
export const answerAccepted = (rejectedLogRecords: number, errorMessage: string): Answer => ({
  status: 200,
  body: errorMessage === '' ? {} : { partialSuccess: { rejectedLogRecords: `${rejectedLogRecords}`, errorMessage } },
  retryAfter: undefined,
});

export type MediaType = 'application/json' | 'application/x-protobuf';

export const respond = ({ status, body, retryAfter }: Answer, mediaType: MediaType): Response => {
  const headers = { 'Content-Type': mediaType, 'Cache-Control': 'no-store' };
  return new Response(mediaType === 'application/json' ? JSON.stringify(body) : writeAnswer(body), {
    status,
    headers: retryAfter === undefined ? headers : { ...headers, 'Retry-After': `${retryAfter}` },
  });
};
