import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { exportRequest, logRecord, makeDataDir, openCollector } from './house.js';
import { serveFile, startServing } from './serving.js';

const rounds = 4;
/** With this many records a round sees checkpoints, too. */
const batchSize = 250;
const senders = 8;

const makeBatch = () => {
  const records = Array.from({ length: batchSize }, () => logRecord('meeting.join.attempt'));
  const uids = records.map(({ attributes }) => attributes[0]?.value.stringValue ?? '');
  return { body: JSON.stringify(exportRequest('usage', records)), uids };
};

type Batch = ReturnType<typeof makeBatch>;

const send = async (url: string, batch: Batch): Promise<boolean> => {
  try {
    const headers = { 'Content-Type': 'application/json' };
    const answer = await fetch(`${url}/v1/logs`, { method: 'POST', headers, body: batch.body });
    return answer.status === 200 && (await answer.text()) === '{}';
  } catch {
    return false;
  }
};

test('kill -9 at random moments under load: nothing acknowledged is missing, nothing is stored twice', async context => {
  const dataDir = await makeDataDir(context);
  const acknowledged = new Set<string>();
  let unanswered: Batch[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const { child, url } = await startServing(context, dataDir);
    let isAlive = true;
    const load = async (): Promise<Batch | undefined> => {
      while (isAlive) {
        const batch = unanswered.pop() ?? makeBatch();
        if (!(await send(url, batch))) return batch;
        for (const uid of batch.uids) acknowledged.add(uid);
      }
      return undefined;
    };
    const loads = Array.from({ length: senders }, load);
    await sleep(150 + Math.random() * 400);
    child.kill('SIGKILL');
    await once(child, 'exit');
    isAlive = false;
    const failed = await Promise.all(loads);
    unanswered = [...unanswered, ...failed.filter(batch => batch !== undefined)];
  }
  const collector = await openCollector(context, { dataDir });
  const rows = (await collector.store?.query('SELECT uid FROM events')) ?? [];
  const stored = new Set(rows.map(row => String(row.uid)));
  assert.equal(stored.size, rows.length, 'stored twice');
  assert.deepEqual(
    [...acknowledged].filter(uid => !stored.has(uid)),
    [],
  );
  assert.ok(acknowledged.size > batchSize, 'the load did reach the collector');
  context.diagnostic(`${acknowledged.size} acknowledged over ${rounds} kills, ${stored.size} stored`);
});

test('SIGTERM under load: whoever was heard is answered, and the database is one whole file', async context => {
  const dataDir = await makeDataDir(context);
  const { child, url } = await startServing(context, dataDir);
  const exit = once(child, 'exit');
  const acknowledged = new Set<string>();
  const load = async (): Promise<void> => {
    for (let batch = makeBatch(); await send(url, batch); batch = makeBatch()) {
      for (const uid of batch.uids) acknowledged.add(uid);
    }
  };
  const loads = Array.from({ length: senders }, load);
  await sleep(300);
  const stoppedAt = performance.now();
  child.kill('SIGTERM');
  assert.deepEqual(await exit, [0, null]);
  assert.ok(performance.now() - stoppedAt < 5000, 'it waited for clients that had nothing more to say');
  await Promise.all(loads);
  assert.deepEqual(
    (await readdir(dataDir)).filter(name => name.startsWith('events')),
    ['events.duckdb'],
  );
  const collector = await openCollector(context, { dataDir });
  const rows = (await collector.store?.query('SELECT uid FROM events')) ?? [];
  const stored = new Set(rows.map(row => String(row.uid)));
  assert.ok(acknowledged.size > batchSize);
  for (const uid of acknowledged) assert.ok(stored.has(uid));
});

test('SIGTERM ends it with 0; its files are readable by the owner alone', async context => {
  const dataDir = await makeDataDir(context);
  const { child } = await startServing(context, dataDir);
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number];
  assert.equal(code, 0);
  for (const name of ['ops-token', 'collector-key']) {
    assert.equal((await stat(join(dataDir, name))).mode & 0o777, 0o600);
    assert.match(await readFile(join(dataDir, name), 'utf8'), /^[0-9a-f]{64}\n$/);
  }
  for (const name of await readdir(dataDir)) {
    assert.equal((await stat(join(dataDir, name))).mode & 0o077, 0, `${name} is open to others`);
  }
});

const failing: [string, NodeJS.ProcessEnv, RegExp][] = [
  ['a bad port', { PORT: '99999' }, /^PORT=99999 is no port: .*\n$/],
  [
    'a folder that cannot be',
    { DATA_DIR: '/dev/null/x', PORT: '0' },
    /^DATA_DIR=\/dev\/null\/x cannot be written .*\n$/,
  ],
  ['open to others without secrets', { HOST: '0.0.0.0' }, /^HOST=0\.0\.0\.0 .*OPS_TOKEN and COLLECTOR_KEY.*\n$/],
  ['a token with a blank', { OPS_TOKEN: 'a b', PORT: '0' }, /^OPS_TOKEN is letters, .*\n$/],
  ['a short key', { COLLECTOR_KEY: 'short', PORT: '0' }, /^COLLECTOR_KEY is too short.*\n$/],
];

/** Starts what is not to start. */
const refuseToStart = async (environment: NodeJS.ProcessEnv): Promise<string> => {
  const { OPS_TOKEN: _, COLLECTOR_KEY: __, ...inherited } = process.env;
  const child = spawn(process.execPath, [serveFile], { env: { ...inherited, ...environment }, timeout: 10_000 });
  let output = '';
  child.stderr.on('data', chunk => {
    output += String(chunk);
  });
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 1, output);
  return output;
};

for (const [name, environment, expected] of failing) {
  test(`${name}: one line on the way out, status 1`, async context => {
    const dataDir = await makeDataDir(context);
    assert.match(await refuseToStart({ DATA_DIR: dataDir, ...environment }), expected);
  });
}

const spoiled: [string, string, (path: string) => Promise<unknown>, RegExp][] = [
  ['an empty key file', 'collector-key', path => writeFile(path, '\n'), /collector-key is empty: .*COLLECTOR_KEY.*\n$/],
  [
    'a key file that cannot be read',
    'collector-key',
    path => mkdir(path),
    /collector-key cannot be used \(EISDIR\): .*\n$/,
  ],
  ['data whose key file is gone', 'events.duckdb', path => writeFile(path, ''), /collector-key is missing, .*\n$/],
  ['an empty token file', 'ops-token', path => writeFile(path, ''), /ops-token is empty: .*OPS_TOKEN.*\n$/],
  ['a token file with two words', 'ops-token', path => writeFile(path, 'two words\n'), /^OPS_TOKEN is letters, .*\n$/],
];

for (const [name, file, spoil, expected] of spoiled) {
  test(`${name}: one line, and no other secret is put in its place`, async context => {
    const dataDir = await makeDataDir(context);
    await spoil(join(dataDir, file));
    assert.match(await refuseToStart({ DATA_DIR: dataDir, PORT: '0' }), expected);
    assert.match(await refuseToStart({ DATA_DIR: dataDir, PORT: '0' }), expected);
  });
}
