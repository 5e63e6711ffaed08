import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { limits } from '#src/delivery/limits.js';
import {
  type Bound,
  boundOf,
  categories,
  conform,
  type EventName,
  events,
  recordAttributes,
  resourceAttributes,
  scopeAttributes,
} from '#src/practices/catalog.js';
import { descriptions } from '#src/practices/catalog-descriptions.js';
import { catalogDocument, toMarkdown } from '#src/practices/catalog-document.js';

const eventNames = Object.keys(events) as EventName[];

const declared: [string, Bound][] = [
  recordAttributes,
  resourceAttributes,
  scopeAttributes,
  ...eventNames.map(name => events[name].attributes),
].flatMap(attributes => Object.entries(attributes));

test('every datum has its description, and no description is left over', () => {
  deepEqual(Object.keys(descriptions).sort(), [...new Set(declared.map(([name]) => name))].sort());
});

test('every example is within its bound', () => {
  for (const [name, bound] of declared)
    equal(conform(descriptions[name]?.example, bound), descriptions[name]?.example, name);
});

test('every data type of the published practices is there', () => {
  const published = Object.values(descriptions).flatMap(description => description.published ?? []);
  const expected = [
    'AppName',
    'DeviceModel',
    'OSName',
    'OSVersion',
    'UserLanguage',
    'UserID',
    'DeviceID',
    'IM Sent',
    'IM Received',
    'Join a meeting (attempts)',
    'Join a meeting (success)',
    'Call/meeting minutes',
    'FederationPartner',
    'Message direction',
    'Conversation state',
    'Conversation thread ID',
  ];
  deepEqual([...new Set(published)].sort(), expected.sort());
});

const attributesOf = (category: string) =>
  eventNames.filter(name => events[name].category === category).flatMap(name => Object.keys(events[name].attributes));

test('census holds nothing of the organization, usage nothing of a person', () => {
  const sensitivities = (category: string) =>
    new Set(attributesOf(category).map(name => descriptions[name]?.sensitivity));
  deepEqual([...sensitivities('census')].sort(), ['pseudonym', 'technical']);
  ok(!sensitivities('usage').has('personal') && !sensitivities('usage').has('free text'));
});

test('no identifier is declared in two categories but the join id, between usage and error', () => {
  const isIdentifier = (name: string) => /pseudonym|personal/.test(`${descriptions[name]?.sensitivity}`);
  for (const category of categories) {
    for (const name of attributesOf(category).filter(isIdentifier)) {
      const homes = categories.filter(other => attributesOf(other).includes(name));
      deepEqual(homes, name === 'meeting.join.id' ? ['usage', 'error'] : [category], name);
    }
  }
  notEqual(boundOf('meeting.census', 'app.installation.id'), boundOf('exception', 'app.installation.id'));
});

test('what is not declared has no bound: not on another event, not by an inherited name', () => {
  equal(boundOf('meeting.census', 'meeting.pool'), undefined);
  equal(boundOf('meeting.usage', 'user.id'), undefined);
  for (const name of [
    'constructor',
    '__proto__',
    'toString',
    '',
    '*',
    'meeting.feature.',
    'meeting.feature.*',
    'meeting.feature.Bad-Name',
    'meeting.feature.a.b',
  ]) {
    for (const event of eventNames)
      equal(boundOf(event, name) && name, name === 'meeting.feature.*' && event === 'meeting.usage' ? name : undefined);
  }
  equal(boundOf('meeting.usage', 'meeting.feature.screen_sharing'), 'int');
  fc.assert(
    fc.property(fc.string(), fc.constantFrom(...eventNames), (name, event) => {
      const known =
        name in events[event].attributes ||
        name in recordAttributes ||
        /^meeting\.feature\.[a-z0-9_]{1,32}$/.test(name);
      return known || boundOf(event, name) === undefined;
    }),
  );
});

test('a value conforms or is nothing', () => {
  fc.assert(
    fc.property(fc.anything(), fc.constantFrom<Bound>(8, 'int', 'double', 'boolean'), (value, bound) => {
      const result = conform(value, bound);
      if (result === undefined) return true;
      if (bound === 'boolean') return result === value;
      if (typeof bound === 'number') return typeof result === 'string' && result.length <= bound;
      return Number.isFinite(result) && (bound === 'double' || Number.isInteger(result));
    }),
  );
});

test('the document has every event, in JSON and in Markdown', () => {
  const document = catalogDocument('1.0.0');
  deepEqual(
    document.events.map(({ eventName }) => eventName),
    eventNames,
  );
  deepEqual(JSON.parse(JSON.stringify(document)), document);
  const markdown = toMarkdown(document);
  for (const name of [...eventNames, ...declared.map(([attribute]) => attribute)])
    ok(markdown.includes(`\`${name}\``), name);
});

test('what the descriptions say of time and number is what the queue does', () => {
  equal(limits.maxAgeMs, 7 * 86_400_000);
  equal(limits.maxSentRecords, 20);
});
