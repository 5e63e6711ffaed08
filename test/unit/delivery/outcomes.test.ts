import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, type Outcome, outcomeOf } from '#src/delivery/outcomes.js';

const now = Date.UTC(2026, 0, 15, 9);
const answer = (status: number, body = '{}', contentType: string | null = 'application/json'): Answer => ({
  status,
  contentType,
  retryAfter: null,
  body,
});
const unreachable: Outcome = { kind: 'deferred', unreachable: true };

const table: [string, Answer, Outcome][] = [
  ['no answer', undefined, unreachable],
  ['200 {}', answer(200), { kind: 'delivered', rejected: 0 }],
  ['200 with a charset', answer(200, '{}', 'application/json; charset=utf-8'), { kind: 'delivered', rejected: 0 }],
  ['200 in part', answer(200, '{"partialSuccess":{"rejectedLogRecords":"3"}}'), { kind: 'delivered', rejected: 3 }],
  ['a portal', answer(200, '<html>', 'text/html'), unreachable],
  ['a portal that says JSON', answer(200, '<html>'), unreachable],
  ["somebody else's JSON", answer(200, '{"login":true}'), unreachable],
  ['no content type', answer(200, '{}', null), unreachable],
  ['400', answer(400), { kind: 'rejected' }],
  ['413', answer(413), { kind: 'too_large' }],
  ['415', answer(415), { kind: 'plain' }],
  ['410', answer(410), { kind: 'gone' }],
  ...[429, 502, 503, 504].map((status): [string, Answer, Outcome] => [
    `${status}`,
    answer(status),
    { kind: 'deferred', waitMs: NaN, unreachable: false },
  ]),
  ...[201, 204, 301, 401, 403, 404, 405, 500, 501].map((status): [string, Answer, Outcome] => [
    `${status}`,
    answer(status),
    { kind: 'refused' },
  ]),
];

for (const [name, given, expected] of table) {
  test(`${name} is ${expected.kind}`, () => assert.deepEqual(outcomeOf(given, now), expected));
}

test('415 is refused when it was sent plain', () =>
  assert.deepEqual(outcomeOf(answer(415), now, true), { kind: 'refused' }));

test('503 with Retry-After waits as long', () => {
  const asked: Answer = { status: 503, contentType: null, retryAfter: '30', body: '' };
  assert.deepEqual(outcomeOf(asked, now), { kind: 'deferred', waitMs: 30_000, unreachable: false });
});
