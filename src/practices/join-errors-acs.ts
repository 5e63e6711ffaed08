/** Azure Communication Services calling, and Teams meetings joined through it: `call.callEndReason`. */
import { type ErrorType, type JoinFailure, toFailure } from './join-errors.js';
import { lookUp } from './look-up.js';

/** https://learn.microsoft.com/azure/communication-services/concepts/troubleshooting-codes, subcodes of the end of a call. */
export const acsSubcodes: Record<string, ErrorType> = {
  7: 'network_offline',
  3100: 'media_connectivity',
  3101: 'media_connectivity',
  3111: 'media_connectivity',
  3112: 'media_connectivity',
  4097: 'meeting_ended',
  4502: 'network_error',
  4506: 'timeout',
  4507: 'auth_failed',
  4521: 'page_closed',
  5000: 'access_denied',
  5003: 'lobby_denied',
  5300: 'access_denied',
  5317: 'access_denied',
  5828: 'access_denied',
  // Before its start or after its end: one code for both.
  5829: 'meeting_not_started',
  5830: 'access_denied',
  7000: 'meeting_ended',
  10004: 'lobby_timeout',
  10009: 'auth_failed',
  10024: 'lobby_denied',
  10057: 'timeout',
  301004: 'media_connectivity',
  301005: 'media_connectivity',
};

/** Codes of their own, where no subcode stands: same page. The others are HTTP's. */
export const acsCodes: Record<string, ErrorType> = {
  410: 'media_connectivity',
  487: 'user_cancelled',
  490: 'network_error',
  491: 'network_error',
  496: 'network_error',
  497: 'network_error',
  498: 'network_error',
  603: 'lobby_denied',
};

export interface CallEndReason {
  code?: number | undefined;
  subCode?: number | undefined;
  message?: string | undefined;
}

export const fromAcs = ({ code, subCode, message }: CallEndReason): JoinFailure => ({
  type: lookUp(acsSubcodes, subCode) ?? lookUp(acsCodes, code) ?? toFailure({ status: code }).type,
  code,
  subcode: subCode,
  message,
});
