import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';

const provider = new LoggerProvider({
  resource: resourceFromAttributes({ 'service.name': 'bench' }),
  processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${location.origin}/v1/logs` }) })],
});
const logger = provider.getLogger('bench');

globalThis.product = { record: id => logger.emit({ body: id, attributes: { event: 'join' } }) };
