import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '#src/delivery/limits.js';
import { createMemoryStorage } from '#src/delivery/memory.js';
import { tidy } from '#src/delivery/outgoing.js';
import { createQueue } from '#src/delivery/queue.js';
import { tell } from '#src/delivery/reports.js';
import type { Entry, Route } from '#src/delivery/rows.js';
import type { TelemetryEvent } from '#src/page/instruments/instrument.js';
import { nothing } from '#src/page/opening.js';
import { createRecorder } from '#src/page/recorder.js';
import { categories } from '#src/practices/index.js';

const now = Date.now();
const key = 'https://collector.example/v1/logs';
const where = { key, endpoint: key, configSrc: '', pool: 'pool', site: '', surface: 'client', skewMs: 0 } as const;

const open = async () => {
  const storage = createMemoryStorage();
  const queue = createQueue(storage);
  const resources = { census: [], usage: [], error: [] };
  const frames = { 'meeting.usage': { 'meeting.pool': 'pool' } };
  const route = { ...where, categories: [...categories], checkedAt: now, held: false, resources, frames };
  await queue.open(route);
  const outbox = { queue, flush: async () => nothing, nudge: () => {}, announce: () => {} };
  const recorder = createRecorder(route, outbox, new AbortController().signal);
  const sortedIn = async () => {
    await tidy(storage.transact, now, false);
    return storage.transact(tx => tx.all<Entry>('entries'));
  };
  const readRoute = () => storage.transact(tx => tx.get<Route>('routes', key));
  return { storage, route, frames, recorder, sortedIn, readRoute };
};

const attributesOf = ({ record }: Entry) =>
  Object.fromEntries(record.attributes.slice(1).map(({ key: name, value }) => [name, Object.values(value)[0]]));

const attempt = (pool: string): TelemetryEvent => ({
  name: 'meeting.join.attempt',
  attributes: { 'meeting.join.id': 'join', 'meeting.pool': pool },
  opens: { id: 'join', at: now, attributes: {} },
});
const result: TelemetryEvent = {
  name: 'meeting.join.result',
  attributes: { 'meeting.join.id': 'join', 'meeting.join.result': 'success' },
  closes: 'join',
};
const eventsOf = (entries: Entry[]) => entries.map(({ record }) => record.eventName);

test('a second result of an attempt is not kept', async () => {
  const { recorder, sortedIn } = await open();
  await recorder.record(attempt('pool'));
  await recorder.record(result);
  await recorder.record(result);
  assert.deepEqual(eventsOf(await sortedIn()), ['meeting.join.attempt', 'meeting.join.result']);
});

test('the result of an attempt that was too large counts', async t => {
  const { maxEntryBytes } = limits;
  Object.assign(limits, { maxEntryBytes: 400 });
  t.after(() => Object.assign(limits, { maxEntryBytes }));
  const { recorder, sortedIn, readRoute } = await open();
  await recorder.record(attempt('pool'.repeat(60)));
  await recorder.record(result);
  assert.deepEqual(eventsOf(await sortedIn()), ['meeting.join.result']);
  assert.deepEqual((await readRoute())?.kept?.usage?.lost, { too_large: 1 });
});

test('counts that come together are one record, with its frame', async () => {
  const { recorder, sortedIn } = await open();
  const counting = [1, 2].map(by => recorder.count('meeting.usage', { 'meeting.im.sent': by }));
  await Promise.all([...counting, recorder.count('meeting.usage', { 'meeting.im.sent': Number.NaN })]);
  const [sum, ...others] = await sortedIn();
  assert.deepEqual(others, []);
  assert.deepEqual(attributesOf(sum as Entry), { 'meeting.pool': 'pool', 'meeting.im.sent': '3' });
});

test('counts since the last flush are one record; what differs by more than ids and numbers stays apart', async () => {
  const { recorder, sortedIn, frames } = await open();
  await recorder.count('meeting.usage', { 'meeting.im.sent': 1, 'meeting.minutes': 1 });
  await recorder.record(attempt('pool'));
  await recorder.count('meeting.usage', { 'meeting.im.sent': 2, 'meeting.minutes': 0.5, 'meeting.im.received': 7 });
  frames['meeting.usage'] = { 'meeting.pool': 'other' };
  await recorder.count('meeting.usage', { 'meeting.im.sent': 4 });
  assert.deepEqual((await sortedIn()).map(attributesOf), [
    { 'meeting.pool': 'pool', 'meeting.im.sent': '3', 'meeting.minutes': 1.5, 'meeting.im.received': '7' },
    { 'meeting.join.id': 'join', 'meeting.pool': 'pool' },
    { 'meeting.pool': 'other', 'meeting.im.sent': '4' },
  ]);
  await recorder.count('meeting.usage', { 'meeting.im.sent': 8 });
  assert.equal((await sortedIn()).length, 4);
});

test('tells once of what was lost, and of what 0.1.0 had summed', async () => {
  const { storage, route, recorder, sortedIn, readRoute } = await open();
  await recorder.record({ ...result, closes: undefined, attributes: { ...result.attributes, name: 'Amos' } } as never);
  await sortedIn();
  const counters = [{ event: 'meeting.usage', name: 'meeting.minutes', by: 2.5 }];
  const inherited = { ...(await readRoute()), counters };
  await storage.transact(async tx => tx.put('routes', inherited, key));
  assert.equal(await tell(storage, route, now), true);
  assert.equal(await tell(storage, route, now), false);
  const [, ...told] = await sortedIn();
  assert.deepEqual(told.map(attributesOf), [
    { 'telemetry.dropped.reason': 'undeclared', 'telemetry.dropped.count': '1' },
    { 'meeting.pool': 'pool', 'meeting.minutes': 2.5 },
  ]);
});
