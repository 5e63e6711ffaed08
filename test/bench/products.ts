/** Who is measured, each set up as its own documentation says, in the way that favors it. */
export interface Product {
  name: string;
  setup: string;
  /** Path of the script or markup that the page carries. */
  page: string;
  /** Bundled for the page, and for a worker, out of `rivals/`. */
  entries: string[];
  /** Finds the ids of events in the text of a request. */
  ids(text: string): string[];
  /** What the product's own server says when it has accepted. */
  answer: { status: number; body: string };
}

/** Each event carries one: `evt-<cell>-<number>`. */
const find = (pattern: RegExp) => (text: string) => [...text.matchAll(pattern)].map(([, id = '']) => id);

const json = (body: object, status = 200) => ({ status, body: JSON.stringify(body) });

const script = '<script src="/page.js"></script>';

const rival = (name: string, file: string, rest: Partial<Product> & { setup: string }): Product => ({
  name,
  page: script,
  entries: [file],
  ids: find(/(evt-\w+-\d+)/g),
  answer: json({}),
  ...rest,
});

const tag = `<script type="module" src="/meeting-join-telemetry.js"></script>
<meeting-join-telemetry pool="pool01.contoso.com" config-src="/web-service-configuration.json"></meeting-join-telemetry>
<script>
  const tag = document.querySelector('meeting-join-telemetry');
  globalThis.product = {
    ready: customElements.whenDefined('meeting-join-telemetry').then(() => tag.ready),
    record: id => tag.startJoin({ method: id }).succeed(),
  };
</script>`;

export const us: Product = {
  name: 'meeting-join-telemetry',
  setup: 'the tag and its worker, defaults; one event is a join attempt and its result, two records',
  page: tag,
  entries: [],
  // A join is two records; its result stands for it.
  ids: text =>
    [
      ...text.matchAll(
        /"eventName":"meeting\.join\.result".*?"meeting\.join\.method","value":\{"stringValue":"(evt-\w+-\d+)"/g,
      ),
    ].map(([, id = '']) => id),
  answer: json({}),
};

export const rivals: Product[] = [
  rival('App Insights + offline channel', 'application-insights', {
    setup: 'offline channel in IndexedDB, defaults',
    answer: json({ itemsReceived: 1, itemsAccepted: 1, errors: [] }),
  }),
  rival('Sentry + offline transport', 'sentry', {
    setup: 'offline transport, flushAtStartup, no breadcrumbs',
    ids: find(/"message":"(evt-\w+-\d+)"/g),
  }),
  rival('Faro', 'faro', { setup: 'defaults', answer: json({}, 202) }),
  rival('Datadog logs', 'datadog-logs', { setup: 'defaults, proxy', answer: json({}, 202) }),
  rival('Snowplow', 'snowplow', { setup: 'defaults (localStorage, POST)', answer: json({}) }),
  rival('Glean', 'glean', { setup: 'defaults, events ping' }),
  rival('PostHog', 'posthog', {
    setup: 'no autocapture, recording, surveys or flags',
    ids: find(/"event":"(evt-\w+-\d+)"/g),
    answer: json({ status: 1 }),
  }),
  rival('OpenTelemetry logs', 'opentelemetry-logs', { setup: 'batch processor, OTLP/HTTP JSON, defaults' }),
  rival('workbox-background-sync', 'workbox-background-sync', {
    setup: 'BackgroundSyncPlugin on a NetworkOnly route, one request per event',
    entries: ['workbox-background-sync', 'workbox-background-sync-worker'],
  }),
];

/** A page without any of them: what is subtracted. */
export const nothing: Product = {
  name: 'nothing',
  setup: 'an empty page',
  page: '<script>globalThis.product = { record: () => undefined };</script>',
  entries: [],
  ids: () => [],
  answer: json({}),
};
