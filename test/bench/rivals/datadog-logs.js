import { datadogLogs } from '@datadog/browser-logs';

datadogLogs.init({
  clientToken: 'pub0000',
  site: 'datadoghq.com',
  service: 'bench',
  proxy: `${location.origin}/collect`,
});

globalThis.product = { record: id => datadogLogs.logger.info(id) };
