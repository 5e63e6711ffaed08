/** LiveKit's JavaScript client. */
import { type ErrorType, type JoinFailure, toFailure } from './join-errors.js';
import { lookUp } from './look-up.js';

/** `ConnectionErrorReason` and `MediaDeviceFailure`: https://github.com/livekit/client-sdk-js/blob/main/src/room/errors.ts */
export const liveKitReasons: Record<string, ErrorType> = {
  NotAllowed: 'auth_failed',
  ServerUnreachable: 'network_error',
  InternalError: 'server_error',
  Cancelled: 'user_cancelled',
  Timeout: 'timeout',
  WebSocket: 'network_error',
  ServiceNotFound: 'server_error',
  PermissionDenied: 'media_permission',
  NotFound: 'media_device_missing',
  DeviceInUse: 'media_device_busy',
};

/** `DisconnectReason`: https://github.com/livekit/protocol/blob/main/protobufs/livekit_models.proto */
export const liveKitDisconnectReasons: Record<string, ErrorType> = {
  1: 'user_cancelled',
  2: 'access_denied',
  3: 'server_failover',
  4: 'access_denied',
  5: 'meeting_ended',
  6: 'server_error',
  7: 'server_error',
  8: 'server_failover',
  9: 'network_error',
  10: 'meeting_ended',
  11: 'lobby_timeout',
  12: 'lobby_denied',
  14: 'timeout',
  15: 'media_connectivity',
};

export interface LiveKitError {
  name?: string;
  message?: string;
  /** `reasonName` of a ConnectionError; a `MediaDeviceFailure` goes here too. */
  reasonName?: string;
  status?: number;
  /** A `LeaveRequest`'s `DisconnectReason`. */
  context?: unknown;
}

/** A `ConnectionError`, a `MediaDeviceFailure`, or the `DisconnectReason` of `RoomEvent.Disconnected`. */
export const fromLiveKit = (error: LiveKitError | string | number): JoinFailure => {
  if (typeof error === 'number') return { type: lookUp(liveKitDisconnectReasons, error) ?? '_OTHER', code: error };
  const { reasonName, status, context, name, message } =
    typeof error === 'string' ? { reasonName: error } : (error as LiveKitError);
  const left = reasonName === 'LeaveRequest' ? lookUp(liveKitDisconnectReasons, context) : undefined;
  return {
    type: left ?? lookUp(liveKitReasons, reasonName) ?? toFailure({ name, message, status }).type,
    code: reasonName ?? name,
    subcode: left ? `${context}` : status,
    message,
  };
};
