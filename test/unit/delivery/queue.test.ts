import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inherit } from '#src/delivery/inherited.js';
import { limits } from '#src/delivery/limits.js';
import { createMemoryStorage } from '#src/delivery/memory.js';
import { deliver, drop, findWaiting, peek, purge, stillThere, tidy, withdraw } from '#src/delivery/outgoing.js';
import { createQueue } from '#src/delivery/queue.js';
import { tell } from '#src/delivery/reports.js';
import { type Addition, type Entry, type Route, type RouteOpening, toEntry } from '#src/delivery/rows.js';
import { type Category, categories, type EventName } from '#src/practices/index.js';

const now = Date.UTC(2026, 0, 15, 9);
const key = 'https://collector.example/v1/logs';
let lastId = 0;

const entry = (event: EventName, category: Category, recordedAt = now): Entry =>
  toEntry({ uid: `uid${++lastId}`, route: key, category, event, recordedAt, attributes: [], resource: [] });

const where = { key, endpoint: key, configSrc: '', pool: 'pool', site: '', surface: 'client', skewMs: 0 } as const;
const opening: RouteOpening = { ...where, categories: [...categories], checkedAt: now, held: false };

const open = async () => {
  const storage = createMemoryStorage();
  const { transact } = storage;
  const queue = createQueue(storage);
  await queue.open(opening);
  const sortIn = () => tidy(transact, now, false);
  const add = async (...entries: Entry[]) => {
    await queue.add(key, { items: entries.map(each => ({ entry: each })), drops: [] });
    await sortIn();
  };
  const next = (limit = 10) => transact(tx => peek(tx, key, limit));
  const route = () => transact(tx => tx.get<Route>('routes', key));
  return { storage, transact, queue, add, sortIn, next, route };
};

const uidsOf = (entries: Entry[]) => entries.map(({ uid }) => uid);

const reporting = { ...opening, resources: { census: [], usage: [], error: [] }, frames: {} };

test('peeks at the most urgent lane, oldest first', async () => {
  const { add, next, transact } = await open();
  const vital = entry('browser.web_vital', 'error');
  const [first, second] = [entry('meeting.join.attempt', 'usage'), entry('meeting.join.attempt', 'usage')];
  await add(vital, first, second);
  assert.deepEqual(uidsOf(await next()), [first.uid, second.uid]);
  assert.deepEqual(uidsOf(await next(1)), [first.uid]);
  assert.deepEqual(await transact(tx => peek(tx, 'other', 10)), []);
});

test('settles a batch once: what is gone is neither counted nor taken off again', async () => {
  const { add, next, transact, queue, route } = await open();
  await add(entry('exception', 'error'), entry('exception', 'error'));
  const batch = await next();
  await transact(tx => deliver(tx, batch, 0, now));
  assert.deepEqual(await transact(tx => stillThere(tx, batch)), []);
  await transact(tx => deliver(tx, batch, 2, now));
  assert.equal(await queue.count(), 0);
  assert.deepEqual((await route())?.kept?.error?.lost, {});
  assert.deepEqual(await transact(findWaiting), { queued: 0, routes: [] });
});

test('what is posted waits before anybody has sorted it in', async () => {
  const { queue, transact } = await open();
  await queue.add(key, { items: [{ entry: entry('exception', 'error') }], drops: [] });
  const { queued, routes } = await transact(findWaiting);
  assert.deepEqual([queued, routes.length, await queue.count()], [1, 1, 1]);
});

test('a delivery heard late leaves a deadline that the server has set since', async () => {
  const { add, next, transact, route } = await open();
  await add(entry('exception', 'error'));
  const batch = await next();
  const deadline = { ...(await route()), attempts: 1, nextAttemptAt: now + 60_000, unreachable: false };
  await transact(async tx => tx.put('routes', deadline, key));
  await transact(tx => deliver(tx, batch, 0, now));
  assert.equal((await route())?.nextAttemptAt, now + 60_000);
});

test('what has waited too long is dropped, and told once', async () => {
  const { add, next, storage, sortIn, route, transact } = await open();
  await add(entry('exception', 'error', now - limits.maxAgeMs - 1), entry('exception', 'error'));
  assert.deepEqual((await route())?.kept?.error?.untold, { expired: 1 });
  for (const attempts of [1, 0]) {
    await transact(async tx => tx.put('routes', { ...(await tx.get<Route>('routes', key)), attempts }, key));
    assert.equal(await tell(storage, reporting, now), !attempts, 'once the collector takes something');
  }
  assert.equal(await tell(storage, reporting, now), false);
  assert.deepEqual((await route())?.kept?.error?.lost, { expired: 1 });
  await sortIn();
  assert.deepEqual(
    (await next()).map(({ record }) => record.eventName),
    ['exception', 'telemetry.dropped'],
  );
});

test('a report of losses makes no other when it is lost, and is not counted for a partial success', async () => {
  const { add, next, transact, route } = await open();
  const report = () => entry('telemetry.dropped', 'error');
  await add(report(), entry('exception', 'error'), report());
  const batch = await next();
  await transact(tx => deliver(tx, batch, 3, now));
  assert.deepEqual((await route())?.kept?.error?.lost, { partial_success: 1 });
  await add(report());
  const alone = await next();
  assert.equal(await transact(tx => drop(tx, alone, 'rejected')), 1);
  assert.deepEqual((await route())?.kept?.error?.lost, { partial_success: 1 });
});

test('eviction takes the least urgent first, and no report of losses', async () => {
  const { add, next, transact, queue } = await open();
  const report = entry('telemetry.dropped', 'error');
  await add(entry('browser.web_vital', 'error'), report, entry('exception', 'error'), entry('exception', 'error'));
  await tidy(transact, now, true);
  assert.equal(await queue.count(), 2);
  await tidy(transact, now, true);
  await tidy(transact, now, true);
  assert.deepEqual(uidsOf(await next()), [report.uid]);
});

const everything: Addition = {
  items: [
    { entry: entry('meeting.join.attempt', 'usage'), opens: { id: 'join', at: now, attributes: {} } },
    { entry: entry('exception', 'error') },
  ],
  drops: [{ category: 'error', reason: 'undeclared', count: 1 }],
};

test('closing some categories leaves nothing of them: records, losses, open joins', async () => {
  const { queue, add, transact, route } = await open();
  await add(entry('meeting.census', 'census'));
  await queue.add(key, everything);
  assert.equal(await transact(tx => withdraw(tx, key, ['usage', 'error'])), 2);
  const left = await transact(tx => tx.all<Entry>('entries'));
  assert.deepEqual(
    left.map(({ category }) => category),
    ['census'],
  );
  assert.deepEqual(Object.keys((await route())?.kept ?? {}), ['census']);
  assert.deepEqual((await queue.route(key))?.kept?.usage, undefined);
});

test('what was posted twice under one id is taken in once, sooner or later', async () => {
  const { queue, sortIn } = await open();
  const [attempt, closing] = [entry('meeting.join.attempt', 'usage'), entry('meeting.join.result', 'usage')];
  await queue.add(key, { items: [{ entry: attempt, opens: { id: 'join', at: now, attributes: {} } }], drops: [] });
  const addition: Addition = {
    items: [{ entry: closing, closes: 'join' }, { entry: entry('meeting.usage', 'usage') }],
    drops: [],
  };
  await queue.add(key, addition, 'id');
  await queue.add(key, addition, 'id');
  await sortIn();
  assert.equal(await queue.count(), 3);
  await queue.add(key, addition, 'id');
  await sortIn();
  assert.equal(await queue.count(), 3);
  await queue.add(key, { items: [{ entry: entry('exception', 'error') }], drops: [] }, 'another');
  await sortIn();
  assert.equal(await queue.count(), 4);
});

test('a purged route takes nothing more', async () => {
  const { add, queue, transact } = await open();
  await queue.add(key, everything);
  assert.deepEqual(await transact(tx => purge(tx, key)), { deleted: 2, isLast: true });
  await add(entry('exception', 'error'));
  assert.equal(await queue.count(), 0);
});

test('a stopped route counts what is still posted for it', async () => {
  const { add, queue, transact, route } = await open();
  await transact(async tx => tx.put('routes', { ...(await tx.get<Route>('routes', key)), stopped: true }, key));
  await add(entry('exception', 'error'));
  assert.equal(await queue.count(), 0);
  assert.deepEqual((await route())?.kept?.error?.lost, { gone: 1 });
});

test('what a transaction under way writes does not outlive the deletion of everything', async () => {
  const { storage, add, queue } = await open();
  await Promise.all([add(entry('exception', 'error')), storage.destroy()]);
  assert.equal(await queue.count(), 0);
});

/** As 0.1.0 left it: sums, losses and open attempts in tables of their own, sums posted. */
const inherited = (tx: Parameters<Parameters<ReturnType<typeof createMemoryStorage>['transact']>[0]>[0]) => {
  const sum = { route: key, event: 'meeting.usage', name: 'meeting.im.sent', sum: 2 };
  tx.put('counters', sum, `${key}|meeting.usage|meeting.im.sent`);
  const loss = { route: key, category: 'error', reason: 'expired', count: 5, reported: 3 };
  tx.put('drops', loss, `${key}|error|expired`);
  tx.put('joins', { id: 'old', at: now, attributes: {}, route: key }, 'old');
  const counters = [{ event: 'meeting.usage', name: 'meeting.im.sent', by: 1 }];
  tx.put('entries', { lane: '', route: key, addition: { items: [], counters, drops: [] } });
};

test('takes over what 0.1.0 has left', async () => {
  const { queue, transact, sortIn, route } = await open();
  await transact(async tx => inherited(tx));
  await sortIn();
  assert.equal((await queue.open(opening)).inherits, true);
  await transact(inherit);
  assert.equal((await queue.open(opening)).inherits, false);
  const { kept, counters } = (await route()) ?? {};
  assert.deepEqual(
    counters?.map(({ by }) => by),
    [1, 2],
  );
  assert.deepEqual([kept?.error?.lost, kept?.error?.untold], [{ expired: 5 }, { expired: 2 }]);
  assert.deepEqual(kept?.usage?.joins, { old: { id: 'old', at: now, attributes: {} } });
  await queue.add(key, { items: [{ entry: entry('meeting.join.result', 'usage'), closes: 'old' }], drops: [] });
  await sortIn();
  assert.deepEqual([await queue.count(), (await queue.route(key))?.kept?.usage?.joins], [1, {}]);
});
