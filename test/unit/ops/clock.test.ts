import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Overview, SeriesPoint } from '../../../demo/ops/browser/api.js';
import { clockOf, gridOf } from '../../../demo/ops/clock.js';
import { type MemoryHouse, openMemoryHouse, token } from './memory-house.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const nowMs = Date.parse('2026-11-01T12:00:00Z');

const begins = (zone: string, from: string, to: string, stepMs = dayMs): string[] =>
  gridOf(clockOf(zone), [Date.parse(from), Date.parse(to)], stepMs).stretches.map(({ atMs }) =>
    new Date(atMs).toISOString().slice(5, 16),
  );

test('days begin at the reader’s midnight, on both sides of a change of the clocks', () => {
  assert.deepEqual(begins('Europe/Rome', '2026-10-23T23:00:00Z', '2026-10-27T00:00:00Z'), [
    '10-23T22:00',
    '10-24T22:00',
    '10-25T23:00',
    '10-26T23:00',
  ]);
  assert.deepEqual(begins('America/New_York', '2026-03-07T12:00:00Z', '2026-03-09T12:00:00Z'), [
    '03-07T05:00',
    '03-08T05:00',
    '03-09T04:00',
  ]);
  assert.deepEqual(begins('Asia/Kolkata', '2026-03-07T12:00:00Z', '2026-03-08T12:00:00Z'), [
    '03-06T18:30',
    '03-07T18:30',
  ]);
});

test('an hour that comes twice is two bars', () => {
  const hours = begins('Europe/Rome', '2026-10-25T00:00:00Z', '2026-10-25T04:00:00Z', hourMs);
  assert.deepEqual(hours, ['10-25T00:00', '10-25T01:00', '10-25T02:00', '10-25T03:00']);
});

let house: MemoryHouse;

before(async () => {
  house = await openMemoryHouse(() => nowMs);
});
after(() => house.close());

const ask = (query: string): Promise<Response> =>
  Promise.resolve(house.app.request(`/api/overview?${query}`, { headers: { Authorization: `Bearer ${token}` } }));

const bars = async (zone: string): Promise<SeriesPoint[]> => {
  const response = await ask(`from=2026-10-20T22:00:00Z&to=2026-11-10T23:00:00Z&zone=${zone}`);
  const { series } = (await response.json()) as Overview;
  assert.equal(series.stepMs, dayMs);
  return series.points.filter(({ unknown }) => unknown > 0);
};

/** One join in every hour of 23 to 27 October in Rome, of which the 25th has 25. */
test('a bar of a day counts the joins of that day, of which one has 25 hours', async () => {
  const fromMs = Date.parse('2026-10-22T22:00:00Z');
  const attempts = Array.from({ length: 5 * 24 + 1 }, (_, n) => ({
    uid: `a${n}`,
    category: 'usage',
    event_name: 'meeting.join.attempt',
    recorded_at: fromMs + n * hourMs,
    received_at: fromMs + n * hourMs,
    join_id: `join-${n}`,
  }));
  await house.put(attempts);
  assert.deepEqual(
    (await bars('Europe/Rome')).map(({ unknown }) => unknown),
    [24, 24, 25, 24, 24],
  );
  assert.deepEqual(
    (await bars('UTC')).map(({ unknown }) => unknown),
    [2, 24, 24, 24, 24, 23],
  );
});

test('a zone that is none is refused', async () => {
  const response = await ask('zone=Rome');
  assert.equal(response.status, 400);
  assert.match(((await response.json()) as { error: string }).error, /^zone/);
});
