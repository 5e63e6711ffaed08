/** Every marked snippet of the README runs in a browser as it stands there, and what is generated is current. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { attributesTable, sentence } from './attributes.js';
import { browserTest, inChromium } from './browsing.js';
import { generatedPart, type Snippet, snippets } from './readme.js';
import type { Site } from './site.js';

/** The origin that stands in the README for somebody else's collector. */
const placeholder = 'https://telemetry.contoso.com';

const hashes = (): Record<string, string> => JSON.parse(readFileSync('dist/integrity.json', 'utf8'));

const toPage = (text: string, elsewhere: Site): string => {
  const body = text
    .replaceAll(placeholder, elsewhere.origin)
    .replaceAll('sha384-…', hashes()['meeting-join-telemetry.js'] ?? '');
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Join</title>
<link rel="icon" href="data:,"><script src="/ear.js"></script></head><body>${body}</body></html>`;
};

const run = (name: string, parts: Snippet[]): void =>
  browserTest(
    `snippet: ${name}`,
    async ({ site, elsewhere, start }) => {
      const page = parts.find(({ language }) => language === 'html')?.text ?? '';
      elsewhere.allowedOrigins.add(site.origin);
      site.mount('/', 'dist');
      site.resources.set('/', { body: toPage(page, elsewhere), type: 'text/html' });
      for (const { file, text } of parts) if (file) site.resources.set(file, { body: text });
      const browser = await start();
      const tab = await browser.open(site.origin);
      await tab.evaluate(() => document.querySelector<HTMLElement>('[data-meeting-join]')?.click());
      const collector = page.includes(placeholder) ? elsewhere : site;
      const joins = /data-meeting-join|startJoin|trackJoin/.test(page);
      await collector.whenReceived(joins ? 'meeting.join.attempt' : 'meeting.census');
      assert.deepEqual(site.said, []);
    },
    inChromium,
  );

const marked = snippets().filter(({ language }) => language === 'html' || language === 'js');

for (const name of new Set(marked.map(({ test }) => test))) {
  run(
    name,
    marked.filter(({ test }) => test === name),
  );
}

test('what is generated from the build is current: npm run docs', () => {
  assert.equal(generatedPart('attributes'), attributesTable());
  assert.equal(generatedPart('sentence'), sentence());
});
