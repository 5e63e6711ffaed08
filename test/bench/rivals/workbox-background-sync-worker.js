import { BackgroundSyncPlugin } from 'workbox-background-sync';
import { registerRoute } from 'workbox-routing';
import { NetworkOnly } from 'workbox-strategies';

const queue = new BackgroundSyncPlugin('telemetry', { maxRetentionTime: 24 * 60 });
registerRoute(({ url }) => url.pathname === '/collect', new NetworkOnly({ plugins: [queue] }), 'POST');

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', event => event.waitUntil(self.clients.claim()));
