import type { JoinAttempt, MeetingJoinTelemetryElement } from 'meeting-join-telemetry';

export type { JoinAttempt, MeetingJoinTelemetryElement };

/** The tag, once its script has defined it. Its script may be blocked: the page must live without. */
export const findTag = (): MeetingJoinTelemetryElement | undefined => {
  const tag = document.querySelector<MeetingJoinTelemetryElement>('meeting-join-telemetry');
  return tag && 'startJoin' in tag ? tag : undefined;
};
