import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import fc from 'fast-check';
import type { Act, Joins, Verb } from '#src/page/instruments/instrument.js';
import { createJoins } from '#src/page/instruments/join.js';
import { reconcile } from '#src/page/instruments/reconcile.js';
import { trackJoin } from '#src/page/instruments/track-join.js';
import { createRecorder, kill, leave } from './page.js';

const sessions: AbortController[] = [];
const visit = (recorder = createRecorder()) => {
  const abort = new AbortController();
  sessions.push(abort);
  const joins = createJoins(recorder.record, {
    signal: abort.signal,
    count: recorder.count,
    context: { 'meeting.pool': 'pool01.contoso.com' },
  });
  return { ...recorder, recorder, joins, abort };
};

/** Of pages that are no longer there: their listeners are not either. */
const endSessions = () => {
  for (const abort of sessions.splice(0)) abort.abort();
};

afterEach(endSessions);

const resultsOf = ({ named }: { named(name: string): { attributes: Record<string, unknown> }[] }) =>
  named('meeting.join.result').map(({ attributes }) => attributes);

describe('a join attempt', () => {
  it('records the attempt, then its result, with times, stages and pauses', () => {
    const { joins, events, counts } = visit();
    const act = joins.start({ method: 'web-app', id: 'a', at: 1000 });
    act('stage', 'validate', 1000);
    act('stage', 'choose client;=', 1812);
    act('pause', undefined, 2000);
    act('pause', undefined, 2500);
    act('resume', undefined, 3000);
    act('resume', undefined, 3500);
    act('succeed', undefined, 4300);
    assert.deepEqual(
      events.map(({ name }) => name),
      ['meeting.join.attempt', 'meeting.join.result'],
    );
    assert.deepEqual(JSON.parse(JSON.stringify(events[1]?.attributes)), {
      'meeting.pool': 'pool01.contoso.com',
      'meeting.join.id': 'a',
      'meeting.join.method': 'web-app',
      'meeting.join.result': 'success',
      'meeting.join.confidence': 'confirmed',
      'meeting.join.duration_ms': 2300,
      'meeting.join.paused_ms': 1000,
      'meeting.join.stage': 'choose_client_',
      'meeting.join.stage_times': 'validate=0;choose_client_=812',
    });
    assert.equal(events[0]?.opens?.id, 'a');
    assert.equal(events[1]?.closes, 'a');
    const span = Number(events[1]?.recordedAt) - Number(events[0]?.recordedAt);
    assert.ok(Math.abs(span - 3300) < 50, `${span}`);
    assert.deepEqual(counts, { 'meeting.join.attempts': 1, 'meeting.join.successes': 1 });
  });

  it('ends a pause that nobody ended', () => {
    const { joins, named } = visit();
    const act = joins.start({ at: 0 });
    act('pause', undefined, 100);
    act('succeed', { confidence: 'assumed' }, 400);
    const [result] = resultsOf({ named });
    assert.equal(result?.['meeting.join.duration_ms'], 100);
    assert.equal(result?.['meeting.join.paused_ms'], 300);
    assert.equal(result?.['meeting.join.confidence'], 'assumed');
    assert.equal(result?.['meeting.join.method'], 'unknown');
  });

  it('has one result, whatever comes after', () => {
    const { joins, named } = visit();
    const act = joins.start({ id: 'once' });
    assert.equal(act('fail', { code: 7 }), true);
    assert.equal(act('succeed'), false);
    assert.equal(act('abandon'), false);
    leave();
    assert.equal(resultsOf({ named }).length, 1);
  });

  it('gives a failed join its error detail, linked by id', () => {
    const { joins, named } = visit();
    const act = joins.start({ method: 'native', id: 'f' });
    act('fail', Object.assign(new Error('no luck'), { status: 503 }));
    const [result] = resultsOf({ named });
    assert.equal(result?.['meeting.join.result'], 'unexpected_failure');
    assert.equal(result?.['error.type'], 'server_busy');
    assert.equal(result?.['meeting.join.error.code'], '503');
    const [detail] = named('exception');
    assert.equal(detail?.attributes['meeting.join.id'], 'f');
    assert.equal(detail?.attributes['meeting.error.source'], 'join');
    assert.equal(detail?.attributes['exception.type'], 'Error');
    assert.equal(detail?.attributes['exception.message'], 'no luck');
    assert.match(String(detail?.attributes['exception.stacktrace']), /join\.test\.js:\d+:\d+/);
    assert.equal(detail?.attributes['http.response.status_code'], 503);
    assert.equal(detail?.attributes['error.type'], 'server_busy');
  });

  it('what the person decided is abandoned and has no error detail', () => {
    const { joins, named } = visit();
    joins.start({})('fail', new DOMException('', 'AbortError'));
    joins.start({})('abandon');
    joins.start({});
    leave();
    assert.deepEqual(
      resultsOf({ named }).map(result => [result['meeting.join.result'], result['error.type']]),
      [
        ['abandoned', 'user_cancelled'],
        ['abandoned', 'user_cancelled'],
        ['abandoned', 'page_closed'],
      ],
    );
    assert.deepEqual(named('exception'), []);
  });

  it('survives whatever the page hands in', () => {
    const { joins, named } = visit();
    const nasty = {
      get type(): string {
        throw new Error('getter');
      },
      get confidence(): string {
        throw new Error('getter');
      },
      toString() {
        throw new Error('toString');
      },
    };
    const fail = joins.start({ method: nasty as unknown as string });
    fail('stage', nasty);
    fail('stage', Symbol('s'));
    fail('fail', nasty);
    joins.start({})('succeed', nasty);
    joins.start({})('fail', { code: Symbol('c') });
    joins.start({})('fail', { message: nasty });
    assert.deepEqual(
      resultsOf({ named }).map(result => [result['meeting.join.result'], result['error.type']]),
      [
        ['unexpected_failure', '_OTHER'],
        ['success', undefined],
        ['unexpected_failure', '_OTHER'],
        ['unexpected_failure', '_OTHER'],
      ],
    );
    assert.equal(named('exception').length, 3);
  });

  it('tags a synthetic join and keeps it out of the counters', () => {
    const { joins, events, counts } = visit();
    joins.start({ synthetic: true })('fail', 7);
    assert.deepEqual(
      events.map(({ attributes }) => attributes['user_agent.synthetic.type']),
      ['test', 'test', 'test'],
    );
    assert.deepEqual(counts, {});
  });

  it('keeps stage times within their bound, whole', () => {
    const { joins, named } = visit();
    const act = joins.start({ at: 0 });
    for (let i = 0; i < 100; i++) act('stage', `stage-number-${i}`, i);
    act('succeed');
    const times = String(resultsOf({ named })[0]?.['meeting.join.stage_times']);
    assert.ok(times.length <= 512);
    assert.match(times, /=\d+$/);
    assert.equal(resultsOf({ named })[0]?.['meeting.join.stage'], 'stage-number-99');
  });

  it('records nothing once the session is over', () => {
    const { joins, events, abort } = visit();
    const act = joins.start({});
    abort.abort();
    act('succeed');
    joins.start({})('succeed');
    leave();
    assert.equal(events.length, 1);
  });

  it('marks and measures for the performance panel', () => {
    const { joins } = visit();
    const act = joins.start({ at: performance.now() });
    act('stage', 'seen-in-panel');
    act('succeed');
    assert.equal(performance.getEntriesByName('meeting-join seen-in-panel').length, 1);
    assert.ok(performance.getEntriesByName('meeting-join success').length > 0);
  });
});

describe('reconcile', () => {
  it('gives an attempt whose page died the result unknown, at the time of the attempt', async () => {
    const first = visit();
    const act = first.joins.start({ method: 'native', id: 'killed' });
    kill();
    await reconcile(first.record, first.journal());
    await reconcile(first.record, first.journal());
    const [attempt] = first.named('meeting.join.attempt');
    const [result, ...others] = first.named('meeting.join.result');
    assert.equal(result?.attributes['meeting.join.result'], 'unknown');
    assert.equal(result?.attributes['meeting.join.method'], 'native');
    assert.equal(result?.recordedAt, attempt?.recordedAt);
    assert.deepEqual(others, []);
    act('succeed');
    assert.equal(first.named('meeting.join.result').length, 1, 'a frozen tab that wakes up late');
  });

  it('leaves an attempt alone whose page lives', async () => {
    const first = visit();
    first.joins.start({ id: 'alive' });
    // Its lock is asked for after the call; the journal has it later still.
    await Promise.resolve();
    await reconcile(first.record, first.journal());
    assert.deepEqual(first.named('meeting.join.result'), []);
    leave();
  });
});

describe('attempts = Σ results', () => {
  const verbs: Verb[] = ['stage', 'pause', 'resume', 'succeed', 'fail', 'abandon'];
  type Move = {
    move: Verb | 'start' | 'leave' | 'reload' | 'kill' | 'freeze' | 'reconcile' | 'open tab';
    n: number;
    value: unknown;
  };

  const history: fc.Arbitrary<Move[]> = fc.array(
    fc.record({
      move: fc.oneof(
        { weight: 6, arbitrary: fc.constant('start' as const) },
        { weight: 10, arbitrary: fc.constantFrom(...verbs) },
        { weight: 4, arbitrary: fc.constantFrom('leave', 'reload', 'kill', 'freeze', 'reconcile', 'open tab') },
      ) as fc.Arbitrary<Move['move']>,
      n: fc.nat(11),
      value: fc.oneof(fc.constant(undefined), fc.anything({ withNullPrototype: true }), fc.constant(new Error('x'))),
    }),
    { maxLength: 80, size: 'max' },
  );

  const play = async (moves: Move[]) => {
    const recorder = createRecorder();
    const { record, journal } = recorder;
    let tabs: Joins[] = [visit(recorder).joins];
    const acts: Act[] = [];
    const others = {
      start: (n: number) => acts.push((tabs[n % tabs.length] as Joins).start({})),
      leave,
      reload() {
        leave();
        endSessions();
        tabs = [visit(recorder).joins];
      },
      // Killed: locks gone, and nothing of those pages runs again.
      kill() {
        kill();
        endSessions();
        acts.length = 0;
        tabs = [visit(recorder).joins];
      },
      // Frozen so long that its locks were taken for dead; wakes up later.
      freeze: kill,
      reconcile: () => reconcile(record, journal()),
      'open tab': () => tabs.push(visit(recorder).joins),
    };
    for (const { move, n, value } of moves) {
      if (move in others) await others[move as keyof typeof others](n);
      else acts[n % acts.length]?.(move as Verb, value);
    }
    leave();
    kill();
    await reconcile(record, journal());
    endSessions();
    return recorder;
  };

  it('over random histories', async () => {
    let sum = 0;
    const seen = new Set<unknown>();
    await fc.assert(
      fc.asyncProperty(history, async moves => {
        const { events, named } = await play(moves);
        const attempts = named('meeting.join.attempt').map(event => event.opens?.id);
        const results = named('meeting.join.result').map(event => event.closes);
        assert.deepEqual([...results].sort(), [...attempts].sort());
        for (const [index, { closes }] of events.entries()) {
          if (closes) assert.ok(events.findIndex(({ opens }) => opens?.id === closes) < index, 'attempt before result');
        }
        sum += attempts.length;
        for (const { attributes } of named('meeting.join.result')) seen.add(attributes['meeting.join.result']);
      }),
      { numRuns: 500 },
    );
    assert.ok(sum > 1000, `${sum} attempts`);
    for (const result of ['success', 'unexpected_failure', 'abandoned', 'unknown']) assert.ok(seen.has(result), result);
  });
});

describe('trackJoin', () => {
  const track = () => {
    const { joins, named } = visit();
    const act = joins.start({});
    const attempt = {
      id: 'x',
      stage: () => {},
      pause: () => {},
      resume: () => {},
      abandon: () => {},
      succeed: () => void act('succeed'),
      fail: (reason: unknown) => void act('fail', reason),
    };
    return { attempt, result: () => resultsOf({ named })[0]?.['meeting.join.result'] };
  };
  it('hands a value through', async () => {
    const { attempt, result } = track();
    const value = {};
    assert.equal(await trackJoin(attempt, () => Promise.resolve(value)), value);
    assert.equal(result(), 'success');
  });
  it('hands the very promise back', async () => {
    const { attempt, result } = track();
    const promise = Promise.resolve(1);
    assert.equal(trackJoin(attempt, promise), promise);
    await new Promise(setImmediate);
    assert.equal(result(), 'success');
  });
  it('rejects with the very error', async () => {
    for (const wrap of [
      (error: Error) => Promise.reject(error),
      (error: Error) => () => Promise.reject(error),
      (error: Error) => () => {
        throw error;
      },
    ]) {
      const { attempt, result } = track();
      const error = new RangeError('r');
      await assert.rejects(
        async () => trackJoin(attempt, wrap(error)),
        thrown => thrown === error,
      );
      await new Promise(setImmediate);
      assert.equal(result(), 'unexpected_failure');
    }
  });
});
