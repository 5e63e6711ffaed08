/** `npm run catalog`: every event that can ever be sent, as Markdown, or as JSON with `--json`. */
import { createRequire } from 'node:module';
import { catalogDocument, toMarkdown } from 'meeting-join-telemetry/catalog-document.js';

const { version } = createRequire(import.meta.url)('meeting-join-telemetry/package.json') as { version: string };
const document = catalogDocument(version);

process.stdout.write(
  process.argv.includes('--json') ? `${JSON.stringify(document, null, 2)}\n` : `${toMarkdown(document)}\n`,
);
