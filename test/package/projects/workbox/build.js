import { cpSync } from 'node:fs';
import { generateSW } from 'workbox-build';

const product = 'node_modules/meeting-join-telemetry/dist';

cpSync('public', 'dist', { recursive: true });
cpSync(product, 'dist/telemetry', {
  recursive: true,
  filter: path => path === product || /meeting-join-telemetry[^/]*\.js$/.test(path),
});
await generateSW({
  globDirectory: 'dist',
  globPatterns: ['index.html', 'telemetry/*.js'],
  swDest: 'dist/service-worker.js',
  importScripts: ['/telemetry/meeting-join-telemetry-sw.js'],
  sourcemap: false,
  inlineWorkboxRuntime: true,
  skipWaiting: true,
  clientsClaim: true,
});
