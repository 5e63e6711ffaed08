/** Skype for Business UCWA, and the Skype Web SDK on top of it. */
import { type ErrorType, type JoinFailure, toFailure } from './join-errors.js';
import { lookUp } from './look-up.js';

/**
 * Subcodes first: they tell more than the code above them.
 * https://learn.microsoft.com/skype-sdk/ucwa/errorsubcode_ref and the asynchronous reason codes of
 * https://learn.microsoft.com/skype-sdk/ucwa/onlinemeetinginvitation_ref. The Plugin… and …NotSupported names are the
 * Skype Web App's own.
 */
export const ucwaSubcodes: Record<string, ErrorType> = {
  DestinationNotFound: 'meeting_not_found',
  ConversationNotFound: 'meeting_not_found',
  Ended: 'meeting_ended',
  Expired: 'meeting_ended',
  CallTerminated: 'meeting_ended',
  AnonymousNotAllowed: 'access_denied',
  InviteesOnly: 'access_denied',
  AttendeeNotAllowed: 'access_denied',
  NotAllowed: 'access_denied',
  Ejected: 'access_denied',
  Removed: 'access_denied',
  Denied: 'lobby_denied',
  TooManyParticipants: 'capacity',
  TooManyLobbyParticipants: 'capacity',
  TooManyConversations: 'capacity',
  TooManyOnlineMeetings: 'capacity',
  FullSession: 'capacity',
  FederationRequired: 'federation',
  TooManyRequests: 'server_busy',
  TooManyApplications: 'server_busy',
  LimitExceeded: 'server_busy',
  CannotRedirect: 'server_failover',
  MigrationInProgress: 'server_failover',
  Unavailable: 'server_error',
  TemporarilyUnavailable: 'server_error',
  CallbackChannelError: 'server_error',
  EscalationFailed: 'server_error',
  Unreachable: 'network_error',
  Timeout: 'timeout',
  ExchangeTimeout: 'timeout',
  Canceled: 'user_cancelled',
  APIVersionNotSupported: 'client_outdated',
  UserAgentNotAllowed: 'client_outdated',
  PluginNotInstalled: 'client_not_installed',
  PluginBlocked: 'client_blocked',
  PluginOutOfDate: 'client_outdated',
  BrowserNotSupported: 'browser_unsupported',
  OSNotSupported: 'os_unsupported',
  MediaFailure: 'media_connectivity',
  MediaNegotiationFailure: 'media_connectivity',
  MediaNegotiationTimeOut: 'media_connectivity',
  InsufficientBandwidth: 'media_connectivity',
};

/** https://learn.microsoft.com/skype-sdk/ucwa/errorcode_ref */
export const ucwaCodes: Record<string, ErrorType> = {
  Unauthorized: 'auth_required',
  Forbidden: 'access_denied',
  NotFound: 'meeting_not_found',
  Gone: 'meeting_ended',
  Timeout: 'timeout',
  GatewayTimeout: 'timeout',
  TooManyRequests: 'server_busy',
  ServiceFailure: 'server_error',
  ServiceUnavailable: 'server_error',
};

export interface UcwaReason {
  code?: string | number | undefined;
  subcode?: string | undefined;
  message?: string | undefined;
}

/** The `reason` of a failed UCWA event or response. A code may be UCWA's word or the HTTP status. */
export const fromUcwa = ({ code, subcode, message }: UcwaReason): JoinFailure => ({
  type: lookUp(ucwaSubcodes, subcode) ?? lookUp(ucwaCodes, code) ?? toFailure({ code }).type,
  code,
  subcode,
  message,
});
