/**
 * Answers in OTLP/HTTP's terms: `ExportLogsServiceResponse` or `google.rpc.Status` as JSON.
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
 */

/** https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
const codes: Record<number, number> = {
  400: 3,
  404: 5,
  405: 12,
  408: 4,
  413: 8,
  415: 3,
  429: 8,
  500: 13,
  502: 14,
  503: 14,
};

const json = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' };

/** @param retryAfter seconds, or as the next hop said it */
export const answerStatus = (status: number, message: string, retryAfter?: number | string): Response =>
  new Response(JSON.stringify({ code: codes[status] ?? 2, message }), {
    status,
    headers: retryAfter === undefined ? json : { ...json, 'Retry-After': `${retryAfter}` },
  });

/** A message without a count is OTLP's way to warn of what was accepted. */
export const answerAccepted = (rejectedLogRecords: number, errorMessage: string): Response =>
  new Response(
    errorMessage === ''
      ? '{}'
      : JSON.stringify({ partialSuccess: { rejectedLogRecords: `${rejectedLogRecords}`, errorMessage } }),
    { status: 200, headers: json },
  );
