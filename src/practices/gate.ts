/**
 * Whether a surface may collect a category: the truth table of the practices.
 *
 * | surface         | census | usage                           | error reporting                              |
 * |-----------------|--------|---------------------------------|----------------------------------------------|
 * | `join-launcher` | flag   | flag                            | flag                                         |
 * | `meetings-app`  | flag   | flag                            | flag                                         |
 * | `client`        | always | not DisableAutomaticSendTracing | not DisableAutomaticSendTracing, and opt-in  |
 *
 * flag = `MeetingUxEnableTelemetry` of the pool that hosts the meeting. Crash upload is Watson's, never ours.
 */
import type { Category } from './catalog.js';

export const surfaces = ['join-launcher', 'meetings-app', 'client'] as const;
export type Surface = (typeof surfaces)[number];

export interface GateInputs {
  surface: Surface;
  /** The pool's `MeetingUxEnableTelemetry`; the `client` surface does not read it. */
  flag: boolean;
  disableAutomaticSendTracing: boolean;
  errorReportingOptIn: boolean;
}

/** The categories that may be collected, in the order census, usage, error. Empty = closed. */
export const openCategories = (inputs: GateInputs): Category[] => {
  if (inputs.surface !== 'client') return inputs.flag ? ['census', 'usage', 'error'] : [];
  if (inputs.disableAutomaticSendTracing) return ['census'];
  return inputs.errorReportingOptIn ? ['census', 'usage', 'error'] : ['census', 'usage'];
};
