/**
 * The closed vocabulary of join failures (`error.type`), the class each counts in, and the mapping of what a launcher
 * page itself meets. Other products' vocabularies are files of their own beside this one, so that a page pays only
 * for what it imports.
 */

import { lookUp } from './look-up.js';

/** Not the service's doing: nobody could have let this person in. Counts against the join success rate only. */
export type ExpectedErrorType =
  | 'meeting_not_found'
  | 'meeting_ended'
  | 'meeting_not_started'
  | 'auth_required'
  | 'passcode_required'
  | 'access_denied'
  | 'lobby_denied'
  | 'lobby_timeout'
  | 'capacity'
  | 'client_not_installed'
  | 'client_blocked'
  | 'client_outdated'
  | 'client_launch_unconfirmed'
  | 'browser_unsupported'
  | 'os_unsupported'
  | 'media_permission'
  | 'media_device_missing'
  | 'media_device_busy'
  | 'media_constraints'
  | 'media_timeout';

/** The service's or the network's doing. `_OTHER` is among them: what nobody explained is not excused. */
export type UnexpectedErrorType =
  | 'auth_failed'
  | 'federation'
  | 'server_busy'
  | 'server_failover'
  | 'server_error'
  | 'network_offline'
  | 'network_error'
  | 'timeout'
  | 'cdn_unavailable'
  | 'media_connectivity'
  | 'script_error'
  | '_OTHER';

/** The person's own decision: in no rate at all. */
export type AbandonedErrorType = 'user_cancelled' | 'page_closed';

export type ErrorType = ExpectedErrorType | UnexpectedErrorType | AbandonedErrorType;

export type FailureResult = 'expected_failure' | 'unexpected_failure' | 'abandoned';

/** What `JoinAttempt.fail()` takes besides an `Error`, and what every mapper returns. */
export interface JoinFailure {
  type?: ErrorType | undefined;
  code?: string | number | undefined;
  subcode?: string | number | undefined;
  message?: string | undefined;
}

/** A failure whose type is settled. */
export interface TypedFailure extends JoinFailure {
  type: ErrorType;
}

// Families rather than names: a third of the bytes on every page. error-types.ts has the exact list, for the collector;
// a test holds both against the types above. `media_connectivity` is the service's, the rest of its family is not.
const expected = /^(meeting_|client_|lobby_|access_|passcode_|capacity|auth_r|browser_|os_|media_(?!conn))/;
const unexpected = /^(auth_f|federation|server_|network_|timeout|cdn_|media_|script_)/;
const abandoned = /^(user_c|page_c)/;

/** In which `meeting.join.result` a failure counts. */
export const resultOf = (type: string): FailureResult =>
  expected.test(type) ? 'expected_failure' : abandoned.test(type) ? 'abandoned' : 'unexpected_failure';

const isErrorType = (type: unknown): type is ErrorType =>
  typeof type === 'string' && (resultOf(type) !== 'unexpected_failure' || unexpected.test(type));

/**
 * What a launcher page itself meets, by code or by name.
 * - 6, 7, 8: `errorCode` of the Skype for Business 2015 join launcher.
 * - 401 and up: HTTP status (RFC 9110 §15); 5xx not named here are `server_error`.
 * - names: DOMException of `fetch`, `AbortSignal` and `getUserMedia`
 *   (https://w3c.github.io/mediacapture-main/#dom-mediadevices-getusermedia); `PermissionDeniedError` and the like are
 *   what older WebRTC libraries still throw.
 */
export const launcherCodes: Record<string, ErrorType> = {
  6: 'meeting_not_found',
  7: 'server_busy',
  8: 'server_failover',
  401: 'auth_required',
  403: 'access_denied',
  404: 'meeting_not_found',
  408: 'timeout',
  410: 'meeting_ended',
  429: 'server_busy',
  503: 'server_busy',
  504: 'timeout',
  AbortError: 'user_cancelled',
  TimeoutError: 'timeout',
  NetworkError: 'network_error',
  NotAllowedError: 'media_permission',
  NotFoundError: 'media_device_missing',
  NotReadableError: 'media_device_busy',
  OverconstrainedError: 'media_constraints',
};

/**
 * `fetch` and `import()` reject with a TypeError that only its message tells from a programming error. Chromium:
 * "Failed to fetch…", "network error"; Firefox: "NetworkError when attempting to fetch resource.", "error loading
 * dynamically imported module"; WebKit: "Load failed", "Importing a module script failed.", "The network connection
 * was lost.", "The Internet connection appears to be offline."
 */
const networkMessage = /^(failed to f|network|load f|error l|importing|the [in])/i;

const scriptError = /^(Type|Reference|Range|Syntax)Error$/;

const typeOfError = (name: string, message: unknown, online: boolean): ErrorType => {
  if (name !== 'TypeError' || !networkMessage.test(`${message}`))
    return scriptError.test(name) ? 'script_error' : '_OTHER';
  return online ? 'network_error' : 'network_offline';
};

const codeOf = (reason: unknown, { name, status, code }: Record<string, unknown>): unknown => {
  if (Object(reason) !== reason) return reason;
  // An error's `code` is not read: a DOMException's is a legacy number, and NotFoundError's 8 is no launcher's 8.
  return status ?? name ?? code;
};

const typeOfCode = (code: unknown): ErrorType | undefined =>
  lookUp(launcherCodes, code) ?? (/^5\d\d$/.test(`${code}`) ? 'server_error' : undefined);

/**
 * The failure in whatever a page hands to `fail()`: an `Error` or DOMException, a `Response`, a mapper's result, a bare
 * code or type. Unknown codes and types travel as the code of `_OTHER`; nothing is refused. Throws only when a getter
 * or a `toString` of `reason` does.
 */
export const toFailure = (reason: unknown, online = true): TypedFailure => {
  const from = Object(reason);
  const code = codeOf(reason, from) ?? from.type;
  const type =
    [from.type, code].find(isErrorType) ?? typeOfCode(code) ?? typeOfError(`${from.name}`, from.message, online);
  return {
    type,
    code: code === type || code === 'Error' ? undefined : code,
    subcode: from.subcode,
    message: from.message,
  };
};
