/** After a fatal error DuckDB refuses everything until its file is opened anew; and it writes on in a file that was moved away. */
import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Collector } from '../../../demo/collector/index.js';
import { exportRequest, logRecord, makeDataDir, openCollector, post } from './house.js';

/** DuckDB's own switch for its tests: the next checkpoint ends in a fatal error, as on a disk that fails. */
const breakDatabase = async ({ store }: Collector): Promise<void> => {
  const connection = await store?.connect();
  await connection?.run("SET GLOBAL debug_checkpoint_abort = 'before_header'");
  await assert.rejects(async () => connection?.run('FORCE CHECKPOINT'));
  connection?.closeSync();
};

const becomesHealthy = async ({ app }: Collector): Promise<boolean> => {
  for (let questions = 0; questions < 50; questions += 1) {
    if ((await app.request('/healthz')).status === 200) return true;
    await sleep(100);
  }
  return false;
};

test('a fatal error of the database: refused for now, opened anew, nothing lost and nothing twice', async context => {
  const collector = await openCollector(context);
  const bodies = Array.from({ length: 3 }, () => exportRequest('usage', [logRecord('meeting.join.attempt')]));
  assert.equal((await post(collector, bodies[0])).status, 200);
  await breakDatabase(collector);
  assert.equal((await post(collector, bodies[1])).status, 503);
  assert.ok(await becomesHealthy(collector), 'nobody sent, and it stayed unwell');
  assert.equal(collector.store?.status().reopens, 1);
  for (const body of bodies) assert.equal((await post(collector, body)).status, 200);
  const rows = await collector.store?.query('SELECT uid FROM events');
  assert.equal(rows?.length, bodies.length);
});

test('a folder moved away under the running collector: nothing is acknowledged into it, and all goes on when it is back', async context => {
  const dataDir = await makeDataDir(context);
  const collector = await openCollector(context, { dataDir });
  const bodies = Array.from({ length: 3 }, () => exportRequest('usage', [logRecord('meeting.join.attempt')]));
  assert.equal((await post(collector, bodies[0])).status, 200);
  await rename(dataDir, `${dataDir}-moved`);
  // The volume is looked at once a second.
  await sleep(1100);
  assert.equal((await post(collector, bodies[1])).status, 503);
  assert.equal((await collector.app.request('/healthz')).status, 503);
  await rename(`${dataDir}-moved`, dataDir);
  assert.ok(await becomesHealthy(collector), 'the folder is back, and it stayed unwell');
  for (const body of bodies) assert.equal((await post(collector, body)).status, 200);
  assert.equal((await collector.store?.query('SELECT uid FROM events'))?.length, bodies.length);
});
