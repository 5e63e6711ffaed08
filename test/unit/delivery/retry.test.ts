import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '#src/delivery/limits.js';
import { isBound, isPending, retryAfterMs, waitMs } from '#src/delivery/retry.js';

const now = Date.UTC(2026, 0, 15, 9);

test('backs off exponentially, with full jitter, up to a cap', () => {
  assert.deepEqual(
    [1, 2, 3, 8, 9, 1_000].map(attempts => waitMs(attempts, 0.5)),
    [1_000, 2_000, 4_000, 128_000, 150_000, 150_000],
  );
  assert.equal(waitMs(5, 0), 0);
});

test('reads Retry-After in all its forms', () => {
  const table: [string | null, number][] = [
    [null, NaN],
    ['', NaN],
    ['soon', NaN],
    ['0', 0],
    ['120', 120_000],
    [new Headers({ 'retry-after': ' 7 ' }).get('retry-after'), 7_000],
    ['34560000', limits.retryAfterCapMs],
    [new Date(now + 90_000).toUTCString(), 90_000],
    [new Date(now - 90_000).toUTCString(), -90_000],
    [new Date(now + 1e12).toUTCString(), limits.retryAfterCapMs],
  ];
  for (const [header, expected] of table) assert.equal(retryAfterMs(header, now), expected, `${header}`);
});

test('never comes before the server asks, and not with everybody else', () => {
  assert.equal(waitMs(1, 0, 120_000), 120_000);
  assert.equal(waitMs(1, 0.5, 120_000), 127_500);
  assert.equal(waitMs(1, 0.5, 1_000), 1_500);
  assert.equal(waitMs(3, 0.5, -90_000), 4_000, 'a date in the past asks for nothing');
  assert.equal(waitMs(3, 0.5, NaN), 4_000, 'nor does what cannot be read');
  assert.equal(waitMs(3, 0.5), 4_000);
});

test('holds the longest deadline it sets, and none that only a jump of the clock can have made', () => {
  const longest = now + waitMs(1, 0.999, limits.retryAfterCapMs);
  assert.ok(isPending(longest, now));
  assert.ok(!isPending(now + 86_400_000, now));
  assert.ok(!isPending(now, now));
});

test('is bound by what the server said, not by what the network did', () => {
  assert.ok(isBound({ nextAttemptAt: now + 1_000 }, now));
  assert.ok(!isBound({ nextAttemptAt: now + 1_000, unreachable: true }, now));
  assert.ok(!isBound({}, now));
});
