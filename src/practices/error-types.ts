/** The whole vocabulary of `error.type`, exactly. For the collector: the page knows only the families (join-errors.ts). */
import type { ErrorType } from './join-errors.js';

// A record, so that the compiler misses a type that is missing here.
const vocabulary: Record<ErrorType, true> = {
  meeting_not_found: true,
  meeting_ended: true,
  meeting_not_started: true,
  auth_required: true,
  passcode_required: true,
  access_denied: true,
  lobby_denied: true,
  lobby_timeout: true,
  capacity: true,
  client_not_installed: true,
  client_blocked: true,
  client_outdated: true,
  client_launch_unconfirmed: true,
  browser_unsupported: true,
  os_unsupported: true,
  media_permission: true,
  media_device_missing: true,
  media_device_busy: true,
  media_constraints: true,
  media_timeout: true,
  auth_failed: true,
  federation: true,
  server_busy: true,
  server_failover: true,
  server_error: true,
  network_offline: true,
  network_error: true,
  timeout: true,
  cdn_unavailable: true,
  media_connectivity: true,
  script_error: true,
  user_cancelled: true,
  page_closed: true,
  _OTHER: true,
};

export const errorTypes = Object.keys(vocabulary) as ErrorType[];

/** The type as it may be stored: anything outside the vocabulary becomes `_OTHER`. */
export const toErrorType = (type: unknown): ErrorType =>
  Object.hasOwn(vocabulary, `${type}`) ? (type as ErrorType) : '_OTHER';
