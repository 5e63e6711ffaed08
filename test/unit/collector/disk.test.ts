/** A disk that is really full, which takes a file system of its own to fill. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Collector } from '../../../demo/collector/index.js';
import { exportRequest, logRecord, openCollector, post } from './house.js';

const sizeMb = 24;

/** A file system in memory, where this machine lets us mount one. */
const mountSmall = async (context: TestContext): Promise<string | undefined> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'small-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m`, 'tmpfs', dataDir], { stdio: 'ignore' });
  } catch {
    await rm(dataDir, { recursive: true });
    return undefined;
  }
  context.after(async () => {
    execFileSync('umount', ['-l', dataDir]);
    await rm(dataDir, { recursive: true });
  });
  return dataDir;
};

/** All that is left, to the last byte. */
const fill = async (path: string): Promise<void> => {
  const handle = await open(path, 'w');
  const block = randomBytes(65_536);
  try {
    for (;;) await handle.write(block);
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  } finally {
    await handle.close();
  }
};

const beacon = () =>
  exportRequest(
    'error',
    Array.from({ length: 100 }, () =>
      logRecord('exception', { 'exception.message': randomBytes(400).toString('base64') }),
    ),
  );

const health = async ({ app }: Collector): Promise<number> => (await app.request('/healthz')).status;

/** A load balancer's patience. */
const becomesHealthy = async (collector: Collector): Promise<boolean> => {
  for (let questions = 0; questions < 20; questions += 1) {
    if ((await health(collector)) === 200) return true;
    await new Promise(resolve => setTimeout(resolve, 200));
  }
  return false;
};

const countRows = async ({ store }: Collector): Promise<number> =>
  Number((await store?.query('SELECT count(*) AS rows FROM events'))?.[0]?.rows);

test('a disk full to the last byte: refused until there is room, then well again by itself, and nothing acknowledged is lost', async context => {
  const dataDir = await mountSmall(context);
  if (dataDir === undefined) return context.skip('a really full disk: this user may not mount a file system');
  const collector = await openCollector(context, { dataDir, limits: { minFreeBytes: 0, clientBurst: 1e9 } });
  let acknowledged = 0;
  const send = async (): Promise<number> => {
    const { status } = await post(collector, beacon());
    if (status === 200) acknowledged += 100;
    return status;
  };
  assert.equal(await send(), 200);
  await fill(join(dataDir, 'filling'));
  const statuses = [await send(), await send()];
  assert.ok(statuses.includes(503), `${statuses}`);
  await rm(join(dataDir, 'filling'));
  assert.ok(await becomesHealthy(collector), 'room again, and still unwell');
  assert.equal(await send(), 200);
  assert.equal(await countRows(collector), acknowledged);
  await collector.close();
  const again = await openCollector(context, { dataDir, limits: { minFreeBytes: 0 } });
  assert.equal(await countRows(again), acknowledged);
});
