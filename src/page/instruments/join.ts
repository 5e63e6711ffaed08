/**
 * Join attempts. An attempt is open from `start` to its one result; what comes after the result is ignored.
 *
 * ```
 * start ──► open ──► success | expected_failure | unexpected_failure | abandoned
 *             │          (succeed, fail, abandon; pagehide: abandoned, error.type page_closed)
 *             └── page killed ──► unknown, recorded by `reconcile` at the next visit
 * ```
 *
 * So that attempts = Σ results whatever happens:
 * - the attempt's record comes before its result's, and each stands in one transaction with the journal of open attempts;
 * - an event that closes an attempt which is not open any more is not stored (instrument.ts), so two tabs that
 *   reconcile at once, or a frozen tab that wakes up late, cannot give a second result;
 * - whatever the page hands in is read contained: a throwing getter costs its own datum, not the result.
 */
import { uuid } from '../../delivery/uuid.js';
import type { Attributes } from '../../practices/catalog.js';
import { resultOf, toFailure } from '../../practices/join-errors.js';
import { contain } from './contain.js';
import { toException } from './exception.js';
import type { Act, JoinOptions, Joins, RecordEvent, TelemetryEvent, Verb } from './instrument.js';

/** Stages beyond this many characters are dropped: the catalog's bound would cut one in the middle. */
const maxStageTimes = 470;

const synthetic = 'user_agent.synthetic.type';

/** Held while an attempt is open and its page alive, so that `reconcile` elsewhere leaves it alone. */
export const lockOf = (id: string) => `meeting-join-telemetry/${id}`;

const locks = () => navigator.locks as LockManager | undefined;

/** A join's event, stamped with a time on the scale of `performance.now()`. */
export const toEvent = (name: 'attempt' | 'result', recordedAt: number, attributes: Attributes): TelemetryEvent => ({
  name: `meeting.join.${name}`,
  recordedAt,
  attributes,
});

/** Stage and method names: one word that cannot be mistaken for the separators of `stage_times`. */
const toWord = (name: unknown) => `${name}`.replace(/[^\w.-]+/g, '_').slice(0, 32);

const toText = (value: unknown) => (value === undefined ? value : `${value}`);

/** Contained as a whole: a reason whose getters throw is still a failure. */
const toFailureAttributes = (reason: unknown): Attributes =>
  contain(() => {
    const { type, code, subcode } = toFailure(reason, navigator.onLine);
    return {
      'error.type': type,
      'meeting.join.error.code': toText(code),
      'meeting.join.error.subcode': toText(subcode),
    };
  }) ?? { 'error.type': '_OTHER' };

export const createJoins = (record: RecordEvent, { signal, count, context }: JoinOptions): Joins => {
  /** What is open, and how to give back its lock. */
  const open = new Map<Act, () => void>();

  const start: Joins['start'] = ({
    method = 'unknown',
    synthetic: isSynthetic,
    id = uuid(),
    at: startedAt = performance.now(),
  }) => {
    if (signal.aborted) return () => false;

    const attributes: Attributes = {
      ...context,
      'meeting.join.id': id,
      'meeting.join.method': contain(() => toWord(method)),
      [synthetic]: isSynthetic ? 'test' : undefined,
    };
    const toEpochMs = (at: number) => Date.now() - performance.now() + at;
    const add = (counter: string) => isSynthetic || void count('meeting.usage', { [`meeting.join.${counter}`]: 1 });
    let stage: string | undefined;
    let stageTimes = '';
    let pausedMs = 0;
    let pausedAt: number | undefined;

    const resume = (_: unknown, at: number) => {
      pausedMs += at - (pausedAt ?? at);
      pausedAt = undefined;
    };

    const close = (result: string, at: number, more: Attributes) => {
      open.get(act)?.();
      open.delete(act);
      resume(0, at);
      const closed = toEvent('result', toEpochMs(at), {
        ...attributes,
        'meeting.join.result': result,
        'meeting.join.duration_ms': Math.round(at - startedAt - pausedMs),
        'meeting.join.paused_ms': Math.round(pausedMs),
        'meeting.join.stage': stage,
        'meeting.join.stage_times': stageTimes || undefined,
        ...more,
      });
      void record({ ...closed, closes: id });
      performance.measure(`meeting-join ${result}`, { start: startedAt, end: at });
    };

    const verbs: Record<Verb, (argument: unknown, at: number) => void> = {
      stage(name, at) {
        stage = toWord(name);
        performance.mark(`meeting-join ${stage}`, { startTime: at });
        const times = `${stageTimes && `${stageTimes};`}${stage}=${Math.round(at - startedAt)}`;
        if (times.length < maxStageTimes) stageTimes = times;
      },
      pause(_, at) {
        pausedAt ??= at;
      },
      resume,
      succeed(how, at) {
        add('successes');
        const isAssumed = contain(() => Object(how).confidence === 'assumed');
        close('success', at, { 'meeting.join.confidence': isAssumed ? 'assumed' : 'confirmed' });
      },
      fail(reason, at) {
        const failure = toFailureAttributes(reason);
        const code = failure['meeting.join.error.code'];
        const result = resultOf(`${failure['error.type']}`);
        close(result, at, failure);
        // What the person decided needs no error detail.
        if (result !== 'abandoned') {
          const detail = toException(reason, 'join', {
            ...failure,
            'http.response.status_code': /^[1-5]\d\d$/.test(`${code}`) ? Number(code) : undefined,
            'meeting.join.id': id,
            [synthetic]: attributes[synthetic],
          });
          void record({ ...detail, recordedAt: toEpochMs(at) });
        }
      },
      abandon(why, at) {
        close('abandoned', at, { 'error.type': why === 'page_closed' ? why : 'user_cancelled' });
      },
    };

    const act: Act = (verb, argument, at = performance.now()) => {
      if (!open.has(act)) return false;
      contain(() => verbs[verb](argument, at));
      return true;
    };
    open.set(act, () => {});
    // Refused in sandboxed frames: then `reconcile` there has no locks either, and goes by age.
    const hold = () =>
      locks()
        ?.request(lockOf(id), () => open.has(act) && new Promise<void>(release => open.set(act, release)))
        .catch(() => {});
    // Before the commit, and not for an attempt that ends with the call: asking takes longer than all the rest.
    queueMicrotask(() => open.has(act) && contain(hold));
    const at = toEpochMs(startedAt);
    void record({ ...toEvent('attempt', at, attributes), opens: { id, at, attributes } });
    add('attempts');
    return act;
  };

  const joins: Joins = { start };
  const leave = () => {
    joins.beforeLeave?.();
    for (const act of open.keys()) act('abandon', 'page_closed');
  };
  // Also when the page enters the back/forward cache: the person left. What the page says after a return is ignored.
  addEventListener('pagehide', leave, { signal });
  signal.addEventListener('abort', () => {
    for (const release of open.values()) release();
    open.clear();
  });
  return joins;
};
