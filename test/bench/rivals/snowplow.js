import { newTracker, trackStructEvent } from '@snowplow/browser-tracker';

newTracker('bench', location.origin, { appId: 'bench' });

globalThis.product = { record: id => trackStructEvent({ category: 'join', action: id }) };
