import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '#src/delivery/limits.js';
import { createMemoryStorage } from '#src/delivery/memory.js';
import { createOutgoing } from '#src/delivery/outgoing.js';
import { createQueue } from '#src/delivery/queue.js';
import { toEntry } from '#src/delivery/rows.js';
import { type Category, categories, type EventName } from '#src/practices/index.js';

const now = Date.UTC(2026, 0, 15, 9);
const key = 'https://collector.example/v1/logs';

const open = async () => {
  const storage = createMemoryStorage();
  let lastId = 0;
  const newId = () => `uid${++lastId}`;
  const queue = createQueue(storage);
  const outgoing = createOutgoing(storage, newId);
  const where = { key, endpoint: key, configSrc: '', pool: 'pool', site: '', surface: 'client', skewMs: 0 } as const;
  const none = { census: [], usage: [], error: [] };
  await queue.open({ ...where, categories: [...categories], checkedAt: now, held: false, resources: none, frames: {} });
  const entry = (event: EventName, category: Category, recordedAt = now) =>
    toEntry({ uid: newId(), route: key, category, event, recordedAt, attributes: [], resource: [] });
  const add = async (...entries: ReturnType<typeof entry>[]) => {
    await queue.add(key, { items: entries.map(each => ({ entry: each })), counters: [], drops: [] });
    await outgoing.tidy(now, false);
  };
  return { storage, queue, outgoing, entry, add };
};

test('peeks at the most urgent lane, oldest first', async () => {
  const { outgoing, entry, add } = await open();
  const vital = entry('browser.web_vital', 'error');
  const [first, second] = [entry('meeting.join.attempt', 'usage'), entry('meeting.join.attempt', 'usage')];
  await add(vital, first, second);
  const batch = await outgoing.peek(new Set([key]), 10);
  assert.deepEqual(
    batch?.entries.map(({ uid }) => uid),
    [first.uid, second.uid],
  );
  assert.equal((await outgoing.peek(new Set(['other']), 10))?.entries.length, undefined);
});

test('settles a batch once: what is gone is neither counted nor taken off again', async () => {
  const { outgoing, entry, add, queue } = await open();
  await add(entry('exception', 'error'), entry('exception', 'error'));
  const batch = await outgoing.peek(new Set([key]), 10);
  await outgoing.delivered(batch?.entries ?? [], 0, now);
  await outgoing.drop(batch?.entries ?? [], 'refused');
  assert.deepEqual(await queue.size(), { entries: 0, bytes: 0 });
  assert.deepEqual(await outgoing.waiting(), new Set());
});

test('a delivery heard late leaves a deadline that the server has set since', async () => {
  const { outgoing, entry, add } = await open();
  await add(entry('exception', 'error'));
  const batch = await outgoing.peek(new Set([key]), 10);
  await outgoing.update(key, () => ({ attempts: 1, nextAttemptAt: now + 60_000, unreachable: false }));
  await outgoing.delivered(batch?.entries ?? [], 0, now);
  assert.equal((await outgoing.routes())[0]?.nextAttemptAt, now + 60_000);
});

test('what has waited too long is dropped and reported', async () => {
  const { outgoing, entry, add } = await open();
  await add(entry('exception', 'error', now - limits.maxAgeMs - 1), entry('exception', 'error'));
  await outgoing.tidy(now, false);
  await outgoing.report(key, now);
  const batch = await outgoing.peek(new Set([key]), 10);
  assert.deepEqual(
    batch?.entries.map(({ record }) => record.eventName),
    ['exception', 'telemetry.dropped'],
  );
  assert.deepEqual(batch?.entries[1]?.record.attributes.slice(1), [
    { key: 'telemetry.dropped.reason', value: { stringValue: 'expired' } },
    { key: 'telemetry.dropped.count', value: { intValue: '1' } },
  ]);
});

test('closing some categories leaves nothing of them: records, sums, losses, open joins', async () => {
  const { storage, queue, outgoing, entry, add } = await open();
  await add(entry('meeting.census', 'census'));
  await queue.add(key, {
    items: [{ entry: entry('meeting.join.attempt', 'usage'), opens: { id: 'join', at: now, attributes: {} } }],
    counters: [
      { event: 'meeting.usage', name: 'meeting.im.sent', by: 2 },
      { event: 'meeting.census', name: 'meeting.sign_in.attempts', by: 1 },
    ],
    drops: [{ category: 'error', reason: 'undeclared', count: 1 }],
  });
  assert.deepEqual(await outgoing.purge(key, ['usage', 'error']), { deleted: 1, isLast: false });
  await outgoing.report(key, now);
  const left = await storage.transact('readonly', tx => tx.entries(undefined, 10));
  assert.deepEqual(
    left.map(({ category }) => category),
    ['census', 'census'],
  );
  assert.deepEqual(await queue.joins(key), []);
});

test('a purged route takes nothing more', async () => {
  const { outgoing, entry, add, queue } = await open();
  await add(entry('exception', 'error'));
  assert.deepEqual(await outgoing.purge(key), { deleted: 1, isLast: true });
  await add(entry('exception', 'error'));
  assert.deepEqual(await queue.size(), { entries: 0, bytes: 0 });
});

test('what a transaction under way writes does not outlive the deletion of everything', async () => {
  const { storage, entry, add, queue } = await open();
  await Promise.all([add(entry('exception', 'error')), storage.destroy()]);
  assert.deepEqual(await queue.size(), { entries: 0, bytes: 0 });
});
