/** BigBlueButton: keys of its API's answers, reasons of its HTML5 client, codes of its audio. */
import type { ErrorType, JoinFailure } from './join-errors.js';
import { lookUp } from './look-up.js';

/**
 * - words: `messageKey` of https://docs.bigbluebutton.org/development/api, and `JoinErrorCodeTable` and
 *   `MeetingEndedTable` of bigbluebutton-html5;
 * - 1001 to 1012: WebRTC audio, https://docs.bigbluebutton.org/support/troubleshooting "WebRTC issues".
 */
export const bigBlueButtonReasons: Record<string, ErrorType> = {
  notFound: 'meeting_not_found',
  invalidMeetingIdentifier: 'meeting_not_found',
  missingParamMeetingID: 'meeting_not_found',
  meetingForciblyEnded: 'meeting_ended',
  invalidPassword: 'passcode_required',
  checksumError: 'auth_failed',
  missingSession: 'auth_required',
  guestDeny: 'lobby_denied',
  guestDeniedAccess: 'lobby_denied',
  maxParticipantsReached: 'capacity',
  max_participants_reason: 'capacity',
  not_enough_permission_eject_reason: 'access_denied',
  user_requested_eject_reason: 'access_denied',
  system_requested_eject_reason: 'access_denied',
  banned_user_rejoining_reason: 'access_denied',
  duplicate_user_in_meeting_eject_reason: 'access_denied',
  validate_token_failed_eject_reason: 'auth_failed',
  user_logged_out_reason: 'auth_required',
  ENDED_FROM_API: 'meeting_ended',
  ENDED_WHEN_NOT_JOINED: 'meeting_ended',
  ENDED_WHEN_LAST_USER_LEFT: 'meeting_ended',
  ENDED_AFTER_USER_LOGGED_OUT: 'meeting_ended',
  ENDED_AFTER_EXCEEDING_DURATION: 'meeting_ended',
  BREAKOUT_ENDED_EXCEEDING_DURATION: 'meeting_ended',
  BREAKOUT_ENDED_BY_MOD: 'meeting_ended',
  ENDED_DUE_TO_NO_AUTHED_USER: 'meeting_ended',
  ENDED_DUE_TO_NO_MODERATOR: 'meeting_ended',
  ENDED_DUE_TO_SERVICE_INTERRUPTION: 'server_error',
  1001: 'network_error',
  1002: 'network_error',
  1003: 'browser_unsupported',
  1006: 'timeout',
  1007: 'media_connectivity',
  1008: 'server_error',
  1009: 'server_error',
  1010: 'media_connectivity',
  1011: 'media_connectivity',
  1012: 'media_connectivity',
};

/** A `messageKey`, an eject or end reason, or an audio error's number. */
export const fromBigBlueButton = (reason: string | number, message?: string): JoinFailure => ({
  type: lookUp(bigBlueButtonReasons, reason) ?? '_OTHER',
  code: reason,
  message,
});
