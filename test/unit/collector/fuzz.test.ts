import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type EventName, events, scopePrefix } from 'meeting-join-telemetry/practices.js';
import { type IngestContext, ingest } from '../../../demo/collector/ingest.js';
import { defaultLimits } from '../../../demo/collector/limits.js';
import { parseCollectorKey } from '../../../demo/collector/pseudonym.js';
import { columnNames } from '../../../demo/collector/schema.js';
import { collectorKey, openCollector, post } from './house.js';

const context: IngestContext = {
  receivedAt: Date.UTC(2026, 0, 1),
  pseudonymizer: parseCollectorKey(collectorKey),
  limits: defaultLimits,
};

const secret = 'sip:amos.marble@contoso.com';
const declared = [
  ...new Set(Object.values(events).flatMap(event => Object.keys(event.attributes))),
  'log.record.uid',
  'service.name',
  'user_agent.synthetic.type',
];

const anyValue = fc.oneof(
  fc.record({ stringValue: fc.oneof(fc.string({ unit: 'binary' }), fc.constant(secret)) }),
  fc.record({ intValue: fc.oneof(fc.maxSafeInteger().map(String), fc.double(), fc.constant('99999999999999999999')) }),
  fc.record({ doubleValue: fc.oneof(fc.double(), fc.constant('NaN')) }),
  fc.record({ boolValue: fc.boolean() }),
  fc.record({ arrayValue: fc.constant({ values: [{ stringValue: secret }] }) }),
  fc.jsonValue(),
);

/** Cleartext may stand in `user.id`, where it is hashed, and in undeclared names, where it is stripped. */
const name = fc.oneof(
  fc.constantFrom(...declared),
  fc.constantFrom('__proto__', 'constructor', 'toString'),
  fc.string(),
);
const attributes = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.array(fc.oneof(fc.record({ key: name, value: anyValue }), fc.jsonValue()), { maxLength: 12 }),
  },
  { weight: 1, arbitrary: fc.jsonValue() },
);

const record = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .record({
        timeUnixNano: fc.oneof(
          { weight: 9, arbitrary: fc.constant('1767225600000000000') },
          { weight: 1, arbitrary: fc.jsonValue() },
        ),
        eventName: fc.oneof(fc.constantFrom(...Object.keys(events)), fc.string()),
        severityNumber: fc.oneof(fc.integer(), fc.jsonValue()),
        attributes,
        body: anyValue,
        uid: fc.option(fc.uuid()),
      })
      .map(({ uid, ...rest }) =>
        uid !== null && Array.isArray(rest.attributes)
          ? { ...rest, attributes: [...rest.attributes, { key: 'log.record.uid', value: { stringValue: uid } }] }
          : rest,
      ),
  },
  { weight: 1, arbitrary: fc.jsonValue() },
);

const list = <T>(item: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 9, arbitrary: fc.array(item, { maxLength: 4 }) }, { weight: 1, arbitrary: fc.jsonValue() });

const scopeName = fc.oneof(
  fc.constantFrom(...['census', 'usage', 'error'].map(category => scopePrefix + category)),
  fc.string(),
);

const request = fc.record({
  resourceLogs: list(
    fc.record({
      resource: fc.record({ attributes }),
      scopeLogs: list(fc.record({ scope: fc.record({ name: scopeName, attributes }), logRecords: list(record) })),
    }),
  ),
});

const isDeclared = (event: string, attribute: string): boolean =>
  /^meeting\.feature\.[a-z0-9_]{1,32}$/.test(attribute) ||
  Object.hasOwn(events[event as EventName].attributes, attribute) ||
  attribute === 'severity_number' ||
  attribute.startsWith('telemetry.sdk.');

test('whatever the request, ingest neither throws nor lets undeclared data into a row', () => {
  fc.assert(
    fc.property(request, body => {
      const ingested = ingest(JSON.parse(JSON.stringify(body)), context);
      for (const row of ingested?.rows ?? []) {
        for (const column of Object.keys(row)) assert.ok((columnNames as string[]).includes(column), column);
        assert.ok(Number.isFinite(row.recorded_at));
        const rest = JSON.parse(String(row.attributes)) as Record<string, unknown>;
        for (const attribute of Object.keys(rest)) assert.ok(isDeclared(row.event_name, attribute), attribute);
        assert.ok(!('user.id' in rest) && !('user.hash' in rest));
      }
    }),
    { numRuns: 2000 },
  );
});

test('whatever the request, the collector answers with an OTLP status and goes on', async t => {
  const collector = await openCollector(t, { limits: { clientBurst: 1e9 } });
  await fc.assert(
    fc.asyncProperty(fc.oneof(request, fc.jsonValue(), fc.string()), async body => {
      const answer = await post(collector, body);
      assert.ok([200, 400].includes(answer.status), `${answer.status}`);
    }),
    { numRuns: 150 },
  );
  assert.equal((await collector.app.request('/healthz')).status, 200);
});
