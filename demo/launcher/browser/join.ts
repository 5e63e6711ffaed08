import type { JoinAttempt, MeetingJoinTelemetryElement } from './tag.js';

/** How the reader chose to join; these are the values of `meeting.join.method`. */
export type Method = 'native' | 'web-app' | 'meetings-app' | 'phone';

/** What the demo controls ask the next join to do. The digits are the launcher's own error codes. */
export type Outcome = 'success' | '6' | '7' | '8' | 'media' | 'offline';

export type Step = 'validate' | 'launch' | 'connect';

export type Ending =
  | { kind: 'joined'; confidence: 'confirmed' | 'assumed' }
  | { kind: 'error'; error: JoinError }
  | { kind: 'canceled' };

export interface JoinError {
  outcome: Exclude<Outcome, 'success'>;
  type: string;
  code?: string;
}

/** What the tag is told about each failure: a type out of its closed vocabulary, and the launcher's raw code. */
const errors: Record<Exclude<Outcome, 'success'>, JoinError & { at: Step }> = {
  '6': { outcome: '6', type: 'meeting_not_found', code: '6', at: 'validate' },
  '7': { outcome: '7', type: 'server_busy', code: '7', at: 'launch' },
  '8': { outcome: '8', type: 'server_failover', code: '8', at: 'connect' },
  media: { outcome: 'media', type: 'media_permission', code: 'NotAllowedError', at: 'connect' },
  offline: { outcome: 'offline', type: 'network_offline', at: 'launch' },
};

const steps: readonly Step[] = ['validate', 'launch', 'connect'];

/** A join of the real world takes about this long; the demo's is drawn around it. */
const stepMs: Record<Step, number> = { validate: 250, launch: 700, connect: 650 };

const lasting = (step: Step): number => stepMs[step] * (0.6 + Math.random() * 0.9);

const pause = (ms: number, signal: AbortSignal): Promise<boolean> =>
  new Promise(resolve => {
    const timer = setTimeout(() => resolve(true), ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve(false);
    });
  });

const fail = (attempt: JoinAttempt | undefined, { outcome, type, code }: JoinError): Ending => {
  attempt?.fail({ type, ...(code === undefined ? {} : { code }) });
  return { kind: 'error', error: { outcome, type, ...(code === undefined ? {} : { code }) } };
};

/** Whether the page can know that the join worked: it sees its own web client, never another program. */
const confidenceOf = (method: Method): 'confirmed' | 'assumed' => (method === 'web-app' ? 'confirmed' : 'assumed');

/**
 * One join, from the click to its ending, told to the tag as an author would tell it. The tag may be missing (its
 * script blocked): the join goes on all the same.
 */
export const join = async (
  tag: MeetingJoinTelemetryElement | undefined,
  method: Method,
  outcome: Outcome,
  onStep: (step: Step) => void,
  signal: AbortSignal,
  synthetic = false,
): Promise<Ending> => {
  const attempt = tag?.startJoin({ method, synthetic });
  const failure = outcome === 'success' ? undefined : errors[outcome];
  for (const step of steps) {
    attempt?.stage(step);
    onStep(step);
    if (!(await pause(lasting(step), signal))) {
      attempt?.abandon();
      return { kind: 'canceled' };
    }
    if (!navigator.onLine) return fail(attempt, errors.offline);
    if (failure?.at === step) return fail(attempt, failure);
  }
  const confidence = confidenceOf(method);
  attempt?.succeed({ confidence });
  return { kind: 'joined', confidence };
};
