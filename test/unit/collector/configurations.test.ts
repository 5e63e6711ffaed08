/** The exported configuration as administrators leave it in DATA_DIR. */
import assert from 'node:assert/strict';
import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeDataDir, openCollector } from './house.js';

const fileName = 'web-service-configuration.json';

const collection = (flag: unknown) => ({
  Identity: 'Service:WebServer:pool01.contoso.com',
  MeetingUxEnableTelemetry: flag,
});

/** Windows PowerShell's `>`. */
const toUtf16 = (text: string): Buffer => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);

const forms: [string, string | Buffer, boolean][] = [
  ['one object', JSON.stringify(collection(true)), true],
  ['a list', JSON.stringify([collection(true)]), true],
  ["PowerShell's value and Count", JSON.stringify({ value: [collection(true)], Count: 1 }), true],
  ['the string "True"', JSON.stringify(collection('True')), true],
  ['the string "False"', JSON.stringify(collection('False')), false],
  ['UTF-8 with a byte order mark', `\ufeff${JSON.stringify(collection(true))}`, true],
  ['UTF-16LE with a byte order mark', toUtf16(JSON.stringify(collection('True'))), true],
  ['a collection of before the flag was there', '{"Identity":"Service:WebServer:pool01.contoso.com"}', false],
  [
    'a site with a blank in its name',
    '[{"Identity":"Site:New York"},'.concat(JSON.stringify(collection(true)), ']'),
    true,
  ],
];

for (const [name, content, expected] of forms) {
  test(`a file dropped in place is published at the next request: ${name}`, async context => {
    const dataDir = await makeDataDir(context);
    const collector = await openCollector(context, { dataDir });
    await writeFile(join(dataDir, fileName), content);
    const answer = await collector.app.request(`/${fileName}`);
    const published = (await answer.json()) as ReturnType<typeof collection>[];
    const pool = published.find(({ Identity }) => Identity.endsWith('pool01.contoso.com'));
    assert.equal(pool?.MeetingUxEnableTelemetry, expected);
    await collector.close();
    const again = await openCollector(context, { dataDir });
    assert.equal(again.configurations.get(collection(true).Identity)?.MeetingUxEnableTelemetry, expected);
  });
}

test('what the file changed stands in the audit', async context => {
  const dataDir = await makeDataDir(context);
  const { configurations } = await openCollector(context, { dataDir });
  await writeFile(join(dataDir, fileName), JSON.stringify([...configurations.list(), { Identity: 'Site:Redmond' }]));
  configurations.list();
  assert.deepEqual(
    (await configurations.audit()).map(({ by, identity }) => [by, identity]),
    [['the file', 'Site:Redmond']],
  );
});

test('an unreadable file in place closes every gate, and is not written over', async context => {
  const dataDir = await makeDataDir(context);
  const collector = await openCollector(context, { dataDir });
  const path = join(dataDir, fileName);
  for (const spoil of [() => writeFile(path, '{"Identity":'), () => writeFile(path, '[7]'), () => rm(path)]) {
    await spoil();
    const answer = await collector.app.request(`/${fileName}`);
    assert.equal(answer.status, 503);
    assert.deepEqual(
      await answer.json(),
      { error: 'The configuration cannot be read at present.' },
      'nothing of the file',
    );
    await assert.rejects(
      collector.configurations.patch('Global', { MeetingUxEnableTelemetry: true }, 'me'),
      /web-service-configuration\.json/,
    );
  }
  await writeFile(path, JSON.stringify(collection(true)));
  assert.equal((await collector.app.request(`/${fileName}`)).status, 200);
});

const auditFile = 'web-service-configuration-audit.ndjson';

test('an audit whose last line was broken off is read without it, and goes on beneath it', async context => {
  const dataDir = await makeDataDir(context);
  const { configurations } = await openCollector(context, { dataDir });
  await configurations.patch('Site:Redmond', {}, 'me');
  await appendFile(join(dataDir, auditFile), '{"at":"2026-01-01T00:0');
  await configurations.patch('Site:Dublin', {}, 'me');
  assert.deepEqual(
    (await configurations.audit()).map(({ identity }) => identity),
    ['Site:Dublin', 'Site:Redmond'],
  );
});

test('a file that could not be accounted for closes every gate until it can, and needs not be dropped again', async context => {
  const dataDir = await makeDataDir(context);
  const collector = await openCollector(context, { dataDir });
  await mkdir(join(dataDir, auditFile));
  await writeFile(join(dataDir, fileName), JSON.stringify(collection(true)));
  assert.equal((await collector.app.request(`/${fileName}`)).status, 503);
  await rm(join(dataDir, auditFile), { recursive: true });
  assert.equal((await collector.app.request(`/${fileName}`)).status, 200);
  assert.equal((await collector.configurations.audit()).length, 3);
});
