/** What the documentation says is what the source says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { documents } from './documents.js';
import { declarations } from './manifest.js';

const troubleshooting = readFileSync('docs/troubleshooting.md', 'utf8');

const sources = [
  'src/page/element.ts',
  'src/page/session.ts',
  'src/page/gate-reader.ts',
  'src/delivery/configuration.ts',
  'src/practices/web-service-configuration.ts',
];

const section = (title: string): string => troubleshooting.split(`## ${title}`)[1]?.split('\n## ')[0] ?? '';

const firstCells = (text: string): string[] =>
  text
    .split('\n')
    .filter(line => line.startsWith('| `'))
    .map(line => line.split('|')[1] ?? '');

const quoted = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, phrase = '']) => phrase);

test('every drop reason is explained, and no other', () => {
  const declared = [...readFileSync('src/delivery/drops.ts', 'utf8').matchAll(/^\s+\| '(\w+)'/gm)].map(
    ([, reason = '']) => reason,
  );
  const explained = firstCells(section('By drop reason')).flatMap(quoted);
  assert.ok(declared.length > 5);
  assert.deepEqual(explained.sort(), [...new Set([...declared, 'purged'])].sort());
});

test('every reason of the gate that is explained is one that the source gives', () => {
  const source = sources.map(path => readFileSync(path, 'utf8')).join('\n');
  const literal = source.replace(/\$\{enabled\}/g, 'true').concat(source.replace(/\$\{enabled\}/g, 'false'));
  const phrases = firstCells(section('By `gate.reason`')).flatMap(quoted);
  assert.ok(phrases.length > 5);
  for (const phrase of phrases) {
    for (const part of phrase
      .split('…')
      .map(text => text.trim())
      .filter(Boolean)) {
      // "set pool to" is put together from the attribute's name.
      const [, attribute] = /^set (\S+) to$/.exec(part) ?? [];
      const isSaid = attribute ? source.includes(`require('${attribute}'`) : literal.includes(part);
      assert.ok(isSaid, `"${part}" is no reason that the source gives`);
    }
  }
});

for (const [path, write] of Object.entries(documents)) {
  test(`${path} is current: npm run docs`, () => assert.equal(readFileSync(path, 'utf8'), write()));
}

test('whatever a page may set, call or listen to is described', () => {
  const tags = declarations().filter(({ tagName }) => tagName);
  assert.equal(tags.length, 2);
  const undescribed = tags
    .flatMap(({ attributes, members = [], events = [], cssParts = [] }) => [
      ...attributes,
      ...members,
      ...events,
      ...cssParts,
    ])
    .filter(({ description }) => !description)
    .map(({ name }) => name);
  assert.deepEqual(undescribed, []);
});
