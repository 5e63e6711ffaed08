import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { maxKinds, observeErrors, repeatMs } from '#src/page/instruments/errors.js';
import { conditions, normalizeStack, toException } from '#src/page/instruments/exception.js';
import { createRecorder, leave, page } from './page.js';

describe('normalizeStack', () => {
  const cases: [engine: string, line: string, frame: string | undefined][] = [
    ['Blink', 'TypeError: x is not a function', undefined],
    ['Blink', '    at join (https://contoso.com/a.js:10:20)', 'join@https://contoso.com/a.js:10:20'],
    ['Blink', '    at https://contoso.com/a.js?v=3#f:10:20', '@https://contoso.com/a.js:10:20'],
    [
      'Blink',
      '    at async Join.start [as run] (http://localhost:8080/a.js:1:2)',
      'Join.start [as run]@http://localhost:8080/a.js:1:2',
    ],
    ['Blink', '    at new Foo (blob:https://contoso.com/1-2:3:4)', 'new Foo@blob:https://contoso.com/1-2:3:4'],
    ['Blink', '    at Array.map (<anonymous>)', undefined],
    ['Gecko', 'join@https://contoso.com/a.js:10:20', 'join@https://contoso.com/a.js:10:20'],
    ['Gecko', '@https://contoso.com/a.js?token=secret:10:20', '@https://contoso.com/a.js:10:20'],
    ['Gecko', 'async*start/<@https://contoso.com/a.js:1:2', 'start/<@https://contoso.com/a.js:1:2'],
    ['WebKit', 'module code@https://contoso.com/a.js:1:2', 'module code@https://contoso.com/a.js:1:2'],
    ['WebKit', 'https://contoso.com/a.js:1:2', '@https://contoso.com/a.js:1:2'],
    ['WebKit', 'forEach@[native code]', undefined],
  ];
  for (const [engine, line, frame] of cases) {
    it(`${engine}: ${line}`, () => assert.deepEqual(normalizeStack(line), frame ? [frame] : []));
  }
});

const attributesOf = (thrown: unknown) => toException(thrown, 'handled').attributes;

describe('whatever was thrown', () => {
  const thrower = () => {
    throw new Error('no');
  };
  it('an error', () => {
    const attributes = attributesOf(new RangeError('too far', { cause: new TypeError('why') }));
    assert.equal(attributes['exception.type'], 'RangeError');
    assert.equal(attributes['exception.message'], 'too far');
    assert.match(
      String(attributes['exception.stacktrace']),
      /^.*@file:.*exception\.test\.js:\d+:\d+\n(.*\n)*Caused by: TypeError: why\n/,
    );
  });
  it('primitives', () => {
    assert.deepEqual([attributesOf('s')['exception.type'], attributesOf('s')['exception.message']], ['String', 's']);
    assert.equal(attributesOf(7)['exception.message'], '7');
    assert.equal(attributesOf(null)['exception.message'], 'null');
    assert.equal(attributesOf(undefined)['exception.message'], undefined);
    assert.equal(attributesOf(Symbol('s'))['exception.message'], undefined);
  });
  it('the getter throws', () => {
    const error = new Error('m');
    // The stack first: V8 writes it lazily, and reads name and message for that.
    for (const key of ['stack', 'name', 'message', 'cause']) Object.defineProperty(error, key, { get: thrower });
    assert.equal(attributesOf(error)['meeting.error.source'], 'handled');
    assert.equal(
      attributesOf(new Proxy({}, { get: thrower, has: thrower, ownKeys: thrower }))['exception.message'],
      undefined,
    );
  });
  it('toString throws', () => {
    assert.equal(
      attributesOf({ message: { toString: thrower }, name: { toString: thrower } })['exception.message'],
      undefined,
    );
    assert.equal(attributesOf(Object.create(null))['exception.type'], undefined);
  });
  it('causes turn in a circle', () => {
    const a = new Error('a');
    const b = new Error('b', { cause: a });
    a.cause = b;
    const stack = String(attributesOf(a)['exception.stacktrace']);
    assert.ok(stack.split('\n').length <= 24);
    const self = {
      get cause() {
        return self;
      },
    };
    assert.ok(String(attributesOf(self)['exception.stacktrace']).split('\n').length <= 24);
  });
  it('a stack that is no string', () => assert.equal(attributesOf({ stack: 5 })['exception.stacktrace'], undefined));
});

it('network and device as far as they are told', () => {
  const told = {
    connection: { effectiveType: '4g', rtt: 50, downlink: 10 },
    deviceMemory: 8,
    onLine: true,
    hardwareConcurrency: 4,
  };
  assert.deepEqual(conditions(told as unknown as Navigator), {
    'network.connection.subtype': '4g',
    'meeting.network.rtt_ms': 50,
    'meeting.network.downlink_mbps': 10,
    'meeting.network.online': true,
    'meeting.device.memory_gib': 8,
    'meeting.device.cpu_count': 4,
  });
  assert.equal(conditions({ onLine: false } as Navigator)['network.connection.subtype'], undefined);
});

describe('observeErrors', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());

  const observe = () => {
    const recorder = createRecorder();
    const abort = new AbortController();
    const recordError = observeErrors(recorder.record, { signal: abort.signal, count: recorder.count });
    return { ...recorder, abort, recordError };
  };
  const emit = (type: string, properties: object) => page.dispatchEvent(Object.assign(new Event(type), properties));

  it('uncaught errors, rejections, resources, policy violations', () => {
    const { events, counts, abort } = observe();
    emit('error', { error: new TypeError('t') });
    emit('error', { message: 'Script error.' });
    emit('error', { message: 'odd', filename: 'https://contoso.com/a.js', lineno: 3, colno: 4 });
    emit('unhandledrejection', { reason: new Error('r') });
    emit('securitypolicyviolation', { effectiveDirective: 'script-src', blockedURI: 'https://evil.example/x.js' });
    assert.deepEqual(
      events.map(({ severity, attributes }) => [
        attributes['meeting.error.source'],
        attributes['exception.type'],
        attributes['exception.message'],
        severity,
      ]),
      [
        ['error', 'TypeError', 't', 17],
        ['error', 'String', 'Script error.', 17],
        ['error', 'String', 'odd', 17],
        ['rejection', 'Error', 'r', 17],
        ['csp', 'securitypolicyviolation', 'script-src https://evil.example/x.js', 13],
      ],
    );
    assert.equal(events[2]?.attributes['exception.stacktrace'], '@https://contoso.com/a.js:3:4');
    assert.deepEqual(counts, { 'meeting.stability.issues': 4 });
    abort.abort();
    emit('error', { error: new Error('after') });
    assert.equal(events.length, 5);
  });

  it('recordError carries its context, and is not recorded again when thrown on', () => {
    const { events, recordError, abort } = observe();
    const error = new Error('handled');
    recordError(error, { messageDirection: 'Incoming', conversationState: 'Idle', conversationThreadId: 'AdDO8==' });
    emit('unhandledrejection', { reason: error });
    assert.equal(events.length, 1);
    assert.equal(events[0]?.severity, 13);
    assert.equal(events[0]?.attributes['meeting.message.direction'], 'Incoming');
    assert.equal(events[0]?.attributes['meeting.conversation.state'], 'Idle');
    assert.equal(events[0]?.attributes['meeting.conversation.thread_id'], 'AdDO8==');
    const throwing = new Proxy(
      {},
      {
        get() {
          throw new Error('hook');
        },
        ownKeys() {
          throw new Error('hook');
        },
      },
    );
    recordError(new Error('x'), throwing);
    abort.abort();
  });

  it('counts repeats, one record per kind and minute', () => {
    const { events, abort } = observe();
    const fail = () => emit('error', { error: new Error('again') });
    for (let i = 0; i < 1000; i++) fail();
    assert.equal(events.length, 1);
    mock.timers.tick(repeatMs);
    assert.equal(events.length, 2);
    assert.equal(events[1]?.attributes['meeting.error.count'], 999);
    fail();
    fail();
    leave();
    assert.equal(events[2]?.attributes['meeting.error.count'], 2);
    mock.timers.tick(repeatMs);
    assert.equal(events.length, 3);
    abort.abort();
  });

  it('counts kinds beyond the limit together', () => {
    const { events, abort } = observe();
    for (let i = 0; i < maxKinds + 10; i++) emit('error', { error: new Error(`at ${i}`) });
    leave();
    assert.equal(events.length, maxKinds + 2);
    assert.equal(events[maxKinds]?.attributes['exception.type'], '_OTHER');
    assert.equal(
      events.reduce((sum, { attributes }) => sum + Number(attributes['meeting.error.count'] ?? 1), 0),
      maxKinds + 10,
    );
    abort.abort();
  });
});
