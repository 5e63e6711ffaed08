import EventMetricType from '@mozilla/glean/private/metrics/event';
import Glean from '@mozilla/glean/web';

const joined = new EventMetricType(
  { category: 'join', name: 'joined', sendInPings: ['events'], lifetime: 'ping', disabled: false },
  ['id'],
);
Glean.initialize('bench', true, { serverEndpoint: location.origin });

globalThis.product = { record: id => joined.record({ id }) };
