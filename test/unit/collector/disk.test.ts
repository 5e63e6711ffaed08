/** A disk that is really full, which takes a file system of its own to fill. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Collector } from '../../../demo/collector/index.js';
import { exportRequest, logRecord, openCollector, post } from './house.js';

const sizeMb = 40;
/** Leaves room for a log, and too little to write it into the table. */
const fillingBytes = 18 * 1024 * 1024;
const beaconSize = 100;

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

/** Text that hardly compresses, in words: a run without a gap is not kept. */
const noise = (): string => randomBytes(400).toString('base64').replaceAll(/.{60}/g, '$& ');

const beacon = () =>
  exportRequest(
    'error',
    Array.from({ length: beaconSize }, () => logRecord('exception', { 'exception.message': noise() })),
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

/** Sends beacons and counts the records acknowledged. */
const sender = (collector: Collector) => {
  const sent = { acknowledged: 0, statuses: [] as number[], refused: [] as ReturnType<typeof beacon>[] };
  const send = async (): Promise<number> => {
    const body = beacon();
    const { status } = await post(collector, body);
    if (status === 200) sent.acknowledged += beaconSize;
    else sent.refused.push(body);
    sent.statuses.push(status);
    return status;
  };
  return { sent, send };
};

const noReserve = { limits: { minFreeBytes: 0, clientBurst: 1e9 } };
const skipped = 'a really full disk: this user may not mount a file system';

const checkRecovery = async (collector: Collector, dataDir: string, context: TestContext): Promise<void> => {
  const { sent, send } = sender(collector);
  const before = await countRows(collector);
  assert.ok(await becomesHealthy(collector), 'room again, and still unwell');
  assert.equal(await send(), 200);
  assert.equal(await countRows(collector), before + sent.acknowledged);
  await collector.close();
  const again = await openCollector(context, { dataDir, ...noReserve });
  assert.equal(await countRows(again), before + sent.acknowledged);
};

test('a disk full to the last byte: refused until there is room, then well again by itself, and nothing acknowledged is lost', async context => {
  const dataDir = await mountSmall(context);
  if (dataDir === undefined) return context.skip(skipped);
  const collector = await openCollector(context, { dataDir, ...noReserve });
  const { sent, send } = sender(collector);
  assert.equal(await send(), 200);
  await fill(join(dataDir, 'filling'));
  await send();
  await send();
  assert.deepEqual(sent.statuses, [200, 503, 503]);
  await rm(join(dataDir, 'filling'));
  assert.equal(await countRows(collector), sent.acknowledged);
  await checkRecovery(collector, dataDir, context);
});

test('a disk that fills while DuckDB tidies up: what was refused may be stored, and is not stored twice when it comes again', async context => {
  const dataDir = await mountSmall(context);
  if (dataDir === undefined) return context.skip(skipped);
  const collector = await openCollector(context, { dataDir, ...noReserve });
  const { sent, send } = sender(collector);
  const filling = join(dataDir, 'filling');
  await writeFile(filling, Buffer.alloc(fillingBytes, 1));
  for (let beacons = 0; beacons < 400 && (await send()) === 200; beacons += 1);
  assert.equal(sent.statuses.at(-1), 503, 'the disk never filled');
  await rm(filling);
  assert.ok(await becomesHealthy(collector), 'room again, and still unwell');
  context.diagnostic(`${await countRows(collector)} stored, ${sent.acknowledged} of them acknowledged`);
  for (const body of sent.refused) assert.equal((await post(collector, body)).status, 200);
  assert.equal(await countRows(collector), sent.acknowledged + beaconSize * sent.refused.length);
  await checkRecovery(collector, dataDir, context);
});
