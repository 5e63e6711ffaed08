/** Zoom Meeting SDK for Web. */
import type { ErrorType, JoinFailure } from './join-errors.js';
import { lookUp } from './look-up.js';

/** https://developers.zoom.us/docs/meeting-sdk/web/error-codes/ */
export const zoomCodes: Record<string, ErrorType> = {
  3000: 'auth_required',
  3001: 'meeting_not_found',
  3004: 'passcode_required',
  3008: 'meeting_not_started',
  3009: 'access_denied',
  3099: 'auth_required',
  3100: 'auth_required',
  3265: 'auth_failed',
  3603: 'browser_unsupported',
  3608: 'browser_unsupported',
  3610: 'meeting_not_found',
  3611: 'browser_unsupported',
  3620: 'access_denied',
  3621: 'timeout',
  3623: 'auth_failed',
  3625: 'meeting_not_started',
  3702: 'meeting_not_found',
  3704: 'auth_failed',
  3705: 'auth_failed',
  3708: 'auth_failed',
  3709: 'meeting_not_found',
  3710: 'auth_failed',
  3712: 'auth_failed',
  3713: 'access_denied',
  4001: 'network_error',
  4004: 'meeting_ended',
  4005: 'capacity',
  4006: 'access_denied',
  4007: 'access_denied',
  4009: 'server_error',
  4011: 'access_denied',
  4012: 'access_denied',
  4013: 'auth_failed',
  6603: 'access_denied',
  10000: 'client_outdated',
  13208: 'meeting_ended',
};

export interface ZoomError {
  errorCode?: number | undefined;
  errorMessage?: string | undefined;
  /** The component view's name for the code. */
  reason?: string | undefined;
}

export const fromZoom = ({ errorCode, errorMessage, reason }: ZoomError): JoinFailure => ({
  type: lookUp(zoomCodes, errorCode) ?? '_OTHER',
  code: errorCode ?? reason,
  subcode: errorCode === undefined ? undefined : reason,
  message: errorMessage,
});
