/** `ms-diagnostics` and `X-Ms-diagnostics` headers of Lync and Skype for Business servers. */
import { type ErrorType, type JoinFailure, toFailure } from './join-errors.js';
import { lookUp } from './look-up.js';

/**
 * Error ids by [MS-OCER] section 7: 7.2 SipStack, 7.4 Conferencing (both at
 * https://learn.microsoft.com/openspecs/office_protocols/ms-ocer/0017f8f3-9854-4cac-8c57-12ef5a38bb03 and its
 * neighbours); 28020 is the web ticket service's "No valid security token."
 */
export const msDiagnosticsIds: Record<string, ErrorType> = {
  0: 'server_error',
  1: 'server_error',
  4: 'media_connectivity',
  1001: 'federation',
  1002: 'federation',
  1003: 'meeting_not_found',
  1005: 'federation',
  1007: 'server_error',
  1008: 'federation',
  1009: 'federation',
  1010: 'federation',
  1012: 'federation',
  1014: 'federation',
  3003: 'meeting_not_found',
  3012: 'meeting_not_found',
  3014: 'access_denied',
  3019: 'access_denied',
  4003: 'access_denied',
  4004: 'auth_failed',
  4005: 'meeting_not_found',
  5000: 'server_error',
  5001: 'timeout',
  17000: 'server_busy',
  17002: 'client_outdated',
  28020: 'auth_required',
};

/** SIP statuses that mean something else than the HTTP status of that number (RFC 3261 §21). */
export const sipStatuses: Record<string, ErrorType> = {
  487: 'user_cancelled',
  504: 'federation',
};

/**
 * @param header `28020;source="server.contoso.com";reason="No valid security token."`; the source, a host name, is left out.
 * @param sipStatus of the response that carried it, for ids that are not in the table.
 */
export const fromMsDiagnostics = (header: string, sipStatus?: number): JoinFailure => {
  const [, id] = /^\s*(\d+)/.exec(header) ?? [];
  return {
    type: lookUp(msDiagnosticsIds, id) ?? lookUp(sipStatuses, sipStatus) ?? toFailure({ status: sipStatus }).type,
    code: id ?? sipStatus,
    subcode: id && sipStatus,
    message: /reason="([^"]*)"/i.exec(header)?.[1],
  };
};
