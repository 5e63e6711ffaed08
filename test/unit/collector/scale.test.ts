/** The configuration for an OpenTelemetry Collector says by hand what the catalog says: they must not drift apart. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { events, recordAttributes, resourceAttributes } from 'meeting-join-telemetry/practices.js';

const file = new URL('../../../../demo/scale/otel-collector.yaml', import.meta.url);

const kept = (text: string, what: string): string[] => {
  const pattern = new RegExp(`keep_matching_keys\\(${what}, "\\^\\((.*)\\)\\$"\\)`).exec(text)?.[1] ?? '';
  return pattern.split('|').sort();
};

/** As a pattern of RE2 within a YAML scalar within a string: no backslash survives all three. */
const toPattern = (name: string): string => name.replaceAll('.', '[.]').replace('*', '[a-z0-9_]{1,32}');

/** Replaced by the second hash. */
const hashed = ['user.id', 'user.hash'];

test('it keeps what the catalog declares, and nothing else', async () => {
  const text = await readFile(file, 'utf8');
  const declared = Object.values(events).flatMap(({ attributes }) => Object.keys(attributes));
  const names = [...new Set([...declared, ...Object.keys(recordAttributes)])].filter(name => !hashed.includes(name));
  assert.deepEqual(kept(text, 'log.attributes'), names.map(toPattern).sort());
  assert.deepEqual(kept(text, 'resource.attributes'), Object.keys(resourceAttributes).map(toPattern).sort());
});
