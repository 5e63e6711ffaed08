/** What stands in demo/scale by hand says what the catalog and the collector say: they must not drift apart. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import {
  type Bound,
  categories,
  events,
  recordAttributes,
  resourceAttributes,
  scopeAttributes,
  scopePrefix,
} from 'meeting-join-telemetry/practices.js';
import { defaultRetention } from '../../../demo/collector/index.js';

const read = (name: string): Promise<string> =>
  readFile(new URL(`../../../../demo/scale/${name}`, import.meta.url), 'utf8');

/** As a pattern of RE2 within a YAML scalar within a string: no backslash survives all three. */
const toPattern = (name: string): string => name.replaceAll('.', '[.]').replace('*', '[a-z0-9_]{1,32}');

const anyOf = (names: readonly string[]): string => `(${[...new Set(names)].sort().map(toPattern).join('|')})`;

const keep = (what: string, bounds: Record<string, Bound>): string =>
  `keep_matching_keys(${what}, "^${anyOf(Object.keys(bounds))}$")`;

const lineOf = (text: string, start: string): string =>
  text
    .split('\n')
    .map(line => line.replace(/^ *- /, ''))
    .find(line => line.startsWith(start)) ?? '';

test('the OpenTelemetry Collector keeps of each event what the catalog declares for it', async () => {
  const text = await read('otel-collector.yaml');
  const found = text.match(/keep_matching_keys\(log\.attributes.*/g);
  const declared = Object.entries(events).map(
    ([event, { attributes }]) =>
      `${keep('log.attributes', { ...attributes, ...recordAttributes })} where log.event_name == "${event}"`,
  );
  assert.deepEqual(found?.toSorted(), declared.toSorted());
  assert.equal(lineOf(text, 'keep_matching_keys(resource.'), keep('resource.attributes', resourceAttributes));
  assert.equal(lineOf(text, 'keep_matching_keys(scope.'), keep('scope.attributes', scopeAttributes));
});

test('the OpenTelemetry Collector lets pass what the catalog pairs: a category and its events', async () => {
  const pairs = Object.entries(events).flatMap(([event, { category }]) =>
    (category === '*' ? categories : [category]).map(each => `${each} ${event}`),
  );
  assert.equal(
    lineOf(await read('otel-collector.yaml'), 'not IsMatch(Concat('),
    `not IsMatch(Concat([instrumentation_scope.name, event_name], " "), "^${scopePrefix}${anyOf(pairs)}$")`,
  );
});

test('ClickHouse keeps each category as long as the collector does', async () => {
  const text = await read('clickhouse/schema.sql');
  for (const category of categories) {
    const rule = `INTERVAL ${defaultRetention[category]} DAY DELETE WHERE ScopeName = '${scopePrefix}${category}'`;
    assert.ok(text.includes(rule), rule);
  }
});
