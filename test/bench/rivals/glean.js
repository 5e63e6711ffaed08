import EventMetricType from '@mozilla/glean/private/metrics/event';
import Glean from '@mozilla/glean/web';

const joined = new EventMetricType(
  { category: 'join', name: 'joined', sendInPings: ['events'], lifetime: 'ping', disabled: false },
  ['id'],
);
// It refuses plain HTTP, even on loopback, but only in small letters.
Glean.initialize('bench', true, { serverEndpoint: location.origin.replace('http:', 'HTTP:') });

globalThis.product = { record: id => joined.record({ id }) };
