import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findOutages, type Health } from '../../../demo/ops/outages.js';
import { isSignificantlyLower, median, quantileRanks, wilson } from '../../../demo/ops/statistics.js';

const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 5e-4, `${actual} is not ${expected}`);

test('Wilson intervals are those of the literature', () => {
  // Newcombe 1998, table I, method 3. https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E
  near(wilson(81, 263).low, 0.2553);
  near(wilson(81, 263).high, 0.3662);
  near(wilson(15, 148).low, 0.0624);
  near(wilson(15, 148).high, 0.1605);
  near(wilson(0, 20).high, 0.1611);
  near(wilson(1, 29).low, 0.0061);
});

test('an interval holds its share and stays within 0…1', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (total, share) => {
      const { value, low, high } = wilson(Math.round(total * share), total);
      assert.ok(value !== null && 0 <= low && low <= value && value <= high && high <= 1);
    }),
  );
});

test('nothing divided by nothing is no rate, and could be anything', () => {
  assert.deepEqual(wilson(0, 0), { value: null, low: 0, high: 1 });
});

test('three joins make no difference significant', () => {
  assert.equal(isSignificantlyLower(0, 3, 990, 1000), false);
  assert.equal(isSignificantlyLower(240, 300, 990, 1000), true);
  assert.equal(isSignificantlyLower(990, 1000, 240, 300), false);
});

test('the median of an even number lies between the two', () => {
  assert.equal(median([1, 9, 3, 5]), 4);
  assert.equal(median([]), 0);
});

/** The chance that so many of `total` lie below the quantile. */
const binomial = (total: number, hits: number, q: number): number => {
  let log = hits * Math.log(q) + (total - hits) * Math.log(1 - q);
  for (let n = 1; n <= hits; n++) log += Math.log((total - hits + n) / n);
  return Math.exp(log);
};

test('the ranks around a quantile hold it as often as they say', () => {
  for (const q of [0.5, 0.95]) {
    for (let total = 1; total <= 400; total++) {
      const ranks = quantileRanks(total, q);
      if (ranks === undefined) continue;
      let sure = 0;
      for (let hits = ranks[0]; hits < ranks[1]; hits++) sure += binomial(total, hits, q);
      assert.ok(sure > 0.947, `${total} at ${q}: ${sure}`);
    }
  }
  assert.equal(quantileRanks(3, 0.5), undefined);
});

const stepMs = 60_000;
const bucket = (at: number, judged: number, failures: number): Health => ({ atMs: at * stepMs, judged, failures });

test('an outage is found with its beginning and end', () => {
  const buckets = Array.from({ length: 60 }, (_, at) => bucket(at, 50, at >= 20 && at < 30 ? 20 : 0));
  assert.deepEqual(findOutages(buckets, stepMs), [{ fromMs: 20 * stepMs, toMs: 30 * stepMs, ongoing: false }]);
});

test('an outage that reaches into the last bucket goes on', () => {
  const buckets = Array.from({ length: 60 }, (_, at) => bucket(at, 50, at >= 50 ? 20 : 0));
  assert.equal(findOutages(buckets, stepMs)[0]?.ongoing, true);
});

test('the period before says what is usual where the outage itself would', () => {
  const buckets = Array.from({ length: 20 }, (_, at) => bucket(at, 50, at >= 5 && at < 13 ? 20 : 0));
  const steady = Array.from({ length: 20 }, (_, at) => bucket(at, 50, at < 12 ? 20 : 0));
  const outage = (from: number, to: number) => [{ fromMs: from * stepMs, toMs: to * stepMs, ongoing: false }];
  assert.deepEqual(findOutages(steady, stepMs), []);
  assert.deepEqual(findOutages(steady, stepMs, { judged: 400, failures: 4 }), outage(0, 12));
  assert.deepEqual(findOutages(buckets, stepMs, { judged: 400, failures: 300 }), outage(5, 13));
  assert.deepEqual(findOutages(steady, stepMs, { judged: 3, failures: 0 }), []);
});

test('a quiet minute within an outage does not end it', () => {
  const buckets = Array.from({ length: 60 }, (_, at) => bucket(at, at === 24 ? 2 : 50, at >= 20 && at < 30 ? 20 : 0));
  assert.equal(
    findOutages(
      buckets.map(b => (b.judged === 2 ? { ...b, failures: 1 } : b)),
      stepMs,
    ).length,
    1,
  );
});

test('few joins, few failures or a steady share are no outage', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 100 }), failures => {
      assert.deepEqual(
        findOutages(
          failures.map((n, at) => bucket(at, 20, n)),
          stepMs,
        ),
        [],
      );
    }),
  );
  const steady = Array.from({ length: 60 }, (_, at) => bucket(at, 100, 12));
  assert.deepEqual(findOutages(steady, stepMs), []);
});
