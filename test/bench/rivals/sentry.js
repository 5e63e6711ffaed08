import { captureMessage, init, makeBrowserOfflineTransport, makeFetchTransport } from '@sentry/browser';

init({
  dsn: `${location.protocol}//key@${location.host}/1`,
  transport: makeBrowserOfflineTransport(makeFetchTransport),
  transportOptions: { flushAtStartup: true },
  maxBreadcrumbs: 0,
});

globalThis.product = { record: id => captureMessage(id) };
