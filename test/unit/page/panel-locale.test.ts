import { deepEqual, equal, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { templates as italian } from '#src/page/panel/locales/it.js';
import { catalogIds, dropReasons, texts } from '#src/page/panel/texts.js';

type Template = string | { strings: ArrayLike<string>; values: unknown[] };

/** Ids as they stand in the program: those of texts with values have no other trace. */
const program = readFileSync(new URL('../../../../dist/page/panel/texts.js', import.meta.url), 'utf8');
const ids = new Set([
  ...[...program.matchAll(/\btext\('([^']+)'/g)].map(match => match[1] as string),
  ...[...program.matchAll(/\bid: '([^']+)'/g)].map(match => match[1] as string),
  ...catalogIds(),
]);

const locales: Record<string, Record<string, Template>> = { it: italian };

for (const [locale, templates] of Object.entries(locales)) {
  test(`${locale} has every text, and none that nobody shows`, () => {
    deepEqual(Object.keys(templates).sort(), [...ids].sort());
  });

  test(`${locale} has no empty text and none left in English`, () => {
    const asText = (template: Template) =>
      typeof template === 'string' ? template : Array.from(template.strings).join('…');
    for (const [id, template] of Object.entries(templates)) ok(asText(template).trim(), id);
    for (const [id, english] of Object.entries({ ...texts, ...dropReasons })) {
      if (english.length === 0) ok(asText(templates[id] ?? '') !== (english as () => string)(), id);
    }
  });

  test(`${locale} uses every value of a text once`, () => {
    for (const [id, template] of Object.entries(templates)) {
      if (typeof template === 'string') continue;
      const source = (texts as Record<string, (...values: never[]) => string>)[id];
      deepEqual(
        [...template.values].sort(),
        Array.from({ length: source?.length ?? 0 }, (_, i) => i),
        id,
      );
    }
  });
}

test('every drop reason has its words', () => {
  const declared = readFileSync(new URL('../../../../src/delivery/drops.ts', import.meta.url), 'utf8');
  const reasons = [...declared.matchAll(/\| '(\w+)'/g)].map(match => match[1]);
  ok(reasons.length > 8);
  deepEqual(Object.keys(dropReasons).sort(), reasons.sort());
  equal(dropReasons.expired?.(), 'Waited too long');
});
