/** First half of `npm run docs`: writes the parts of the README that are generated from the build. */
import { attributesTable, sentence } from './attributes.js';
import { writePart } from './readme.js';
import { sizesTable } from './sizes.js';

writePart('sentence', sentence());
writePart('attributes', attributesTable());
writePart('sizes', sizesTable());
