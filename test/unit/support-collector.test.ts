import { strict as assert } from 'node:assert';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { toKeyValues, toUnixNano } from '#src/practices/otlp.js';
import { toExportRequest } from '#src/practices/otlp-export.js';
import * as answers from '../support/answers.js';
import { type Collector, startCollector } from '../support/collector.js';
import { assertConforms } from '../support/conformance.js';

const record = (uid: string) => ({
  timeUnixNano: toUnixNano(1_700_000_000_123),
  severityNumber: 9,
  eventName: 'meeting.join.attempt' as const,
  attributes: toKeyValues({ 'log.record.uid': uid, 'meeting.join.method': 'native' }),
});

const bodyOf = (...uids: string[]): string =>
  JSON.stringify(toExportRequest('usage', '0.0.0', [], uids.map(record), Date.now()));

describe('the scriptable collector', () => {
  let collector: Collector;
  beforeEach(async () => {
    collector = await startCollector();
  });
  afterEach(() => collector.close());

  const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${collector.origin}/v1/logs`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body,
      redirect: 'manual',
    });

  test('accepts, stores by uid and counts copies', async () => {
    await post(bodyOf('a', 'b'));
    const response = await post(new Uint8Array(gzipSync(bodyOf('b'))), { 'Content-Encoding': 'gzip' });
    assert.deepEqual(await response.json(), {});
    assert.deepEqual([...collector.stored.keys()], ['a', 'b']);
    assert.equal(collector.copies().get('b'), 2);
    assert.equal(collector.beacons[1]?.encoding, 'gzip');
    assert.equal(collector.stored.get('a')?.category, 'usage');
  });

  test('answers as scripted, then as it stands', async () => {
    collector.answerNext(answers.status(503, { 'Retry-After': '3' }), answers.captivePortal, answers.loseAnswer);
    const busy = await post(bodyOf('a'));
    assert.equal(busy.headers.get('retry-after'), '3');
    assert.match(await (await post(bodyOf('a'))).text(), /hotel/);
    await assert.rejects(post(bodyOf('b')));
    assert.deepEqual([...collector.stored.keys()], ['b']);
    assert.equal((await post(bodyOf('a'))).status, 200);
  });

  test('refuses connections, and comes back on the same port', async () => {
    await collector.refuse();
    await assert.rejects(post(bodyOf('a')));
    await collector.comeBack();
    assert.equal((await post(bodyOf('a'))).status, 200);
  });

  test('isolates what it was told is poison', async () => {
    collector.answerAlways(answers.poisonedBy(({ uid }) => uid === 'bad'));
    assert.equal((await post(bodyOf('a', 'bad'))).status, 400);
    assert.equal((await post(bodyOf('a'))).status, 200);
    collector.answerAlways(answers.partialSuccess(({ uid }) => uid === 'bad'));
    const answer = (await (await post(bodyOf('c', 'bad'))).json()) as { partialSuccess: object };
    assert.deepEqual(answer.partialSuccess, { rejectedLogRecords: '1', errorMessage: 'scripted' });
    assert.deepEqual([...collector.stored.keys()], ['a', 'c']);
  });
});

describe('conformance', () => {
  const withRecord = (overrides: object): unknown => {
    const body = JSON.parse(bodyOf('a'));
    Object.assign(body.resourceLogs[0].scopeLogs[0].logRecords[0], overrides);
    return body;
  };

  test('holds for what the product writes', () => assertConforms(withRecord({})));

  test('refuses enum names, numbers for 64-bit integers, and ids that are not hexadecimal', () => {
    assert.throws(() => assertConforms(withRecord({ severityNumber: 'SEVERITY_NUMBER_INFO' })));
    assert.throws(() => assertConforms(withRecord({ timeUnixNano: 1_700_000_000_123_000_000 })));
    assert.throws(() => assertConforms(withRecord({ traceId: 'AAECAwQFBgcICQoLDA0ODw==' })));
    assertConforms(withRecord({ traceId: '000102030405060708090a0b0c0d0e0f' }));
  });
});
