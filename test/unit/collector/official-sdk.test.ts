/** OpenTelemetry's own exporters as clients: what they send is understood, and they understand the answers. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { OTLPLogExporter as JsonExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtobufExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { scopePrefix } from 'meeting-join-telemetry/practices.js';
import { makeDataDir } from './house.js';
import { startServing } from './serving.js';

const token = 'a-token-for-the-operator';

const exporters = { JSON: JsonExporter, protobuf: ProtobufExporter };

type Encoding = keyof typeof exporters;

const encodings = Object.keys(exporters) as Encoding[];

const start = async (context: TestContext, encoding: Encoding, compression: 'none' | 'gzip' = 'none') => {
  const { url } = await startServing(context, await makeDataDir(context), { OPS_TOKEN: token });
  const options = { url: `${url}/v1/logs`, compression } as ConstructorParameters<typeof JsonExporter>[0];
  const exporter = new exporters[encoding](options);
  const provider = new LoggerProvider({ processors: [new BatchLogRecordProcessor({ exporter })] });
  context.after(() => provider.shutdown());
  const headers = { Authorization: `Bearer ${token}` };
  const stored = async () => {
    const text = await (await fetch(`${url}/api/events?format=ndjson&synthetic=1`, { headers })).text();
    return text
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as Record<string, unknown>);
  };
  const setFault = (fault: object) =>
    fetch(`${url}/api/faults`, {
      method: 'PUT',
      headers: { ...headers, 'Content-Type': 'application/json' },
      body: JSON.stringify(fault),
    });
  return { provider, stored, setFault };
};

const attempt = () => ({
  eventName: 'meeting.join.attempt',
  timestamp: Date.now(),
  attributes: { 'log.record.uid': randomUUID(), 'meeting.join.id': randomUUID(), 'meeting.pool': 'pool01.contoso.com' },
});

for (const encoding of encodings) {
  for (const compression of ['none', 'gzip'] as const) {
    test(`OpenTelemetry's exporter delivers: ${encoding}, ${compression}`, async context => {
      const { provider, stored } = await start(context, encoding, compression);
      const logger = provider.getLogger(`${scopePrefix}usage`);
      const records = [attempt(), attempt(), attempt()];
      for (const record of records) logger.emit(record);
      await provider.forceFlush();
      const rows = await stored();
      assert.deepEqual(
        rows.map(row => row.uid).sort(),
        records.map(({ attributes }) => attributes['log.record.uid']).sort(),
      );
      assert.equal(rows[0]?.pool, 'pool01.contoso.com');
    });
  }

  test(`OpenTelemetry's exporter comes back after 503: ${encoding}`, async context => {
    const { provider, stored, setFault } = await start(context, encoding);
    await setFault({ kind: '503' });
    provider.getLogger(`${scopePrefix}usage`).emit(attempt());
    const flushed = provider.forceFlush();
    await new Promise(resolve => setTimeout(resolve, 300));
    await setFault({ kind: 'none' });
    await flushed;
    assert.equal((await stored()).length, 1);
  });

  test(`what of OpenTelemetry's is not ours is refused by record and not retried: ${encoding}`, async context => {
    const { provider, stored } = await start(context, encoding);
    provider.getLogger('somebody/else').emit(attempt());
    provider.getLogger(`${scopePrefix}usage`).emit({ ...attempt(), eventName: 'page.view' });
    provider.getLogger(`${scopePrefix}usage`).emit(attempt());
    await provider.forceFlush();
    assert.equal((await stored()).length, 1);
  });
}
