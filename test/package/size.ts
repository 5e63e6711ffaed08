/** `npm run size`: a table per bundle and module. */
import { statSync } from 'node:fs';
import { brotliBytes, bundles, moduleShares } from './sizes.js';

const row = (name: string, minified: number, compressed: number): string =>
  `${name.padEnd(66)}${String(minified).padStart(9)}${String(Math.round(compressed)).padStart(9)}`;

for (const file of bundles()) {
  const minified = statSync(`dist/${file}`).size;
  const compressed = brotliBytes(file);
  console.log(`\n${row(file, minified, compressed).replace(/ (\S+) +(\S+)$/, ' $1 min $2 br')}`);
  // What a module adds to a compressed bundle depends on its neighbors: its share by length is an estimate.
  for (const { module, bytes } of moduleShares(file))
    console.log(row(`  ${module}`, bytes, (bytes / minified) * compressed));
}
