/** First half of `npm run docs`: writes what the build knows of itself into README.md and docs/. */
import { writeFileSync } from 'node:fs';
import { attributesTable, sentence } from './attributes.js';
import { documents } from './documents.js';
import { writePart } from './readme.js';
import { sizesTable } from './sizes.js';

writePart('sentence', sentence());
writePart('attributes', attributesTable());
writePart('sizes', sizesTable());
for (const [path, write] of Object.entries(documents)) writeFileSync(path, write());
