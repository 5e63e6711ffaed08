export { MeetingJoinTelemetryElement } from './page/element.js';
export { DeliveredEvent, DroppedEvent, type Gate, GateEvent } from './page/events.js';
export type { ErrorContext } from './page/instruments/errors.js';
export type { Confidence, JoinAttempt, StartOptions } from './page/instruments/instrument.js';
export type { Usage } from './page/instruments/usage.js';
export type { Receipt } from './page/purge.js';
