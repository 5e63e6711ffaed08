/** Jitsi Meet: the names lib-jitsi-meet gives with `CONFERENCE_FAILED`, `CONNECTION_FAILED` and track errors. */
import type { ErrorType, JoinFailure } from './join-errors.js';
import { lookUp } from './look-up.js';

/** JitsiConferenceErrors.ts, JitsiConnectionErrors.ts and JitsiTrackErrors.ts of https://github.com/jitsi/lib-jitsi-meet */
export const jitsiErrors: Record<string, ErrorType> = {
  'conference.authenticationRequired': 'auth_required',
  'conference.connectionError': 'network_error',
  'conference.connectionError.accessDenied': 'lobby_denied',
  'conference.connectionError.membersOnly': 'access_denied',
  'conference.connectionError.notAllowed': 'access_denied',
  'conference.destroyed': 'meeting_ended',
  'conference.display_name_required': 'access_denied',
  'conference.focusDisconnected': 'server_error',
  'conference.focusLeft': 'server_error',
  'conference.gracefulShutdown': 'server_failover',
  'conference.iceFailed': 'media_connectivity',
  'conference.incompatible_server_versions': 'server_error',
  'conference.max_users': 'capacity',
  'conference.offerAnswerFailed': 'media_connectivity',
  'conference.passwordRequired': 'passcode_required',
  'conference.reservationError': 'server_error',
  'conference.videobridgeNotAvailable': 'server_busy',
  'connection.conferenceRequestFailed': 'server_error',
  'connection.droppedError': 'network_error',
  'connection.notLiveError': 'meeting_not_started',
  'connection.passwordRequired': 'auth_required',
  'connection.serverError': 'server_error',
  'connection.shardChangedError': 'server_failover',
  'gum.constraint_failed': 'media_constraints',
  'gum.not_found': 'media_device_missing',
  'gum.permission_denied': 'media_permission',
  'gum.timeout': 'media_timeout',
  'gum.unsupported_resolution': 'media_constraints',
};

/** The error's name as the event carries it, or a `JitsiTrackError`. */
export const fromJitsi = (error: string | { name?: string; message?: string }): JoinFailure => {
  const { name, message } =
    typeof error === 'string' ? { name: error } : { ...error, name: error.name, message: error.message };
  return { type: lookUp(jitsiErrors, name) ?? '_OTHER', code: name, message };
};
