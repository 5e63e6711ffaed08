/** The files of docs/ that are generated, and from what. */
import { readFileSync } from 'node:fs';
import { catalogDocument, toMarkdown } from 'meeting-join-telemetry/catalog-document.js';
import { apiDocument } from './api-document.js';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

export const documents: Record<string, () => string> = {
  'docs/api.md': apiDocument,
  'docs/catalog.md': () => toMarkdown(catalogDocument(version)),
};
