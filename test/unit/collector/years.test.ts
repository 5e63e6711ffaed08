/** What a collector that runs for years must keep doing: tell copies from news, let go of what is old, and open what it wrote. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Collector } from '../../../demo/collector/index.js';
import { createRecentUids } from '../../../demo/collector/recent-uids.js';
import { columnNames, columns } from '../../../demo/collector/schema.js';
import { exportRequest, logRecord, makeDataDir, openCollector, post } from './house.js';

const dayMs = 86_400_000;

const countRows = async ({ store }: Collector): Promise<number> =>
  Number((await store?.query('SELECT count(*) AS rows FROM events'))?.[0]?.rows);

/** A record taken in a month ago, and again today by a collector that was started in between. @returns rows stored */
const sendTwice = async (context: TestContext, clientAheadMs: number): Promise<number> => {
  const dataDir = await makeDataDir(context);
  const thenMs = Date.now() - 30 * dayMs;
  const record = logRecord('meeting.join.attempt', {}, thenMs + clientAheadMs);
  const then = await openCollector(context, { dataDir, now: () => thenMs });
  assert.equal((await post(then, exportRequest('usage', [record], thenMs + clientAheadMs))).status, 200);
  await then.close();
  const today = await openCollector(context, { dataDir });
  assert.equal((await post(today, exportRequest('usage', [record]))).status, 200);
  return countRows(today);
};

test('a copy that comes after a month and a restart is not stored again', async context => {
  assert.equal(await sendTwice(context, 0), 1);
});

test('nor is it when its client has set its clock, which was ahead by a year', async context => {
  assert.equal(await sendTwice(context, 365 * dayMs), 1);
});

test('uids are forgotten oldest first, and whoever forgets says up to when', () => {
  const uids = createRecentUids();
  const perDay = 150_000;
  for (let day = 1; day <= 3; day += 1) {
    for (let index = 0; index < perDay; index += 1) uids.add(`${day}-${index}`, day * dayMs);
  }
  const untilMs = uids.forget(2 * dayMs);
  assert.equal(untilMs, dayMs);
  assert.ok(!uids.mayHave('1-0'), 'the first day is forgotten');
  for (let index = 0; index < perDay; index += 997) assert.ok(uids.mayHave(`2-${index}`) && uids.mayHave(`3-${index}`));
  assert.equal(uids.forget(0), 0);
});

test('each category goes at its own time', async context => {
  const dataDir = await makeDataDir(context);
  const thenMs = Date.now() - 100 * dayMs;
  const then = await openCollector(context, { dataDir, now: () => thenMs });
  const bodies = [
    exportRequest('usage', [logRecord('meeting.join.attempt', {}, thenMs)], thenMs),
    exportRequest('census', [logRecord('meeting.census', {}, thenMs)], thenMs),
    exportRequest('error', [logRecord('exception', { 'exception.type': 'TypeError' }, thenMs)], thenMs),
  ];
  for (const body of bodies) assert.equal((await post(then, body)).status, 200);
  assert.equal(await countRows(then), 3);
  await then.close();
  const today = await openCollector(context, { dataDir, retention: { census: 101, usage: 101, error: 99 } });
  await today.store?.expire({ census: 101, usage: 101, error: 99 }, Date.now());
  const rows = await today.store?.query('SELECT DISTINCT category FROM events ORDER BY category');
  assert.deepEqual(rows, [{ category: 'census' }, { category: 'usage' }]);
});

/** A database as version 0.2.0 left it: one table for all. */
const writeOldDatabase = async (dataDir: string, uids: Record<string, string>): Promise<void> => {
  const instance = await DuckDBInstance.create(join(dataDir, 'events.duckdb'));
  const connection = await instance.connect();
  const types = columnNames.map(name => `${name} ${columns[name].type}`).join(', ');
  await connection.run(`CREATE TABLE events (${types})`);
  for (const [category, uid] of Object.entries(uids)) {
    await connection.run(
      `INSERT INTO events BY NAME SELECT '${uid}' AS uid, '${category}' AS category, 'meeting.usage' AS event_name,
        now()::TIMESTAMP AS recorded_at, now()::TIMESTAMP AS received_at`,
    );
  }
  connection.closeSync();
  instance.closeSync();
};

test('a database of 0.2.0 is taken over whole, and its records are known', async context => {
  const dataDir = await makeDataDir(context);
  await writeOldDatabase(dataDir, { census: 'one', usage: 'two', error: 'three' });
  const collector = await openCollector(context, { dataDir });
  for (const [category, uid] of [
    ['census', 'one'],
    ['usage', 'two'],
    ['error', 'three'],
  ]) {
    assert.deepEqual(await collector.store?.query(`SELECT uid FROM ${category}`), [{ uid }]);
  }
  const copy = exportRequest('usage', [logRecord('meeting.usage', { 'log.record.uid': 'two' })]);
  assert.equal((await post(collector, copy)).status, 200);
  assert.equal(await countRows(collector), 3);
  await collector.close();
  assert.equal(await countRows(await openCollector(context, { dataDir })), 3);
});
