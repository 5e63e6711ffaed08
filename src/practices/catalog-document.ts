/** The catalog with its descriptions, as a document: every event that can ever be sent. */
import {
  type Attributes,
  type AttributeValue,
  type Bound,
  type Category,
  categories,
  type EventName,
  events,
  recordAttributes,
  resourceAttributes,
  scopeAttributes,
} from './catalog.js';
import {
  categoryDescriptions,
  type Description,
  descriptions,
  eventDescriptions,
  retentions,
} from './catalog-descriptions.js';
import { severity, toAnyValue, toKeyValues, toUnixNano } from './otlp.js';
import { type ExportLogsRequest, toExportRequest } from './otlp-export.js';

export interface Datum extends Omit<Description, 'retention'> {
  attribute: string;
  bound: string;
  retention: string;
}

export interface EventDocument {
  eventName: EventName;
  categories: Category[];
  label: string;
  why: string;
  attributes: Datum[];
  /** One request as it goes over the wire, with every attribute set. */
  example: ExportLogsRequest;
}

export interface CatalogDocument {
  categories: { category: Category; label: string; why: string; identifies: string }[];
  /** Carried once per batch on the resource, once on the scope, and on every record. */
  resource: Datum[];
  scope: Datum[];
  record: Datum[];
  events: EventDocument[];
}

type Declared = Record<string, Bound>;

const describeBound = (bound: Bound) => (typeof bound === 'number' ? `string, at most ${bound} UTF-16 units` : bound);

const toData = (declared: Declared): Datum[] =>
  Object.entries(declared).map(([attribute, bound]) => {
    const description = descriptions[attribute];
    if (!description) throw new Error(`catalog-descriptions.ts lacks ${attribute}`);
    return { attribute, bound: describeBound(bound), ...description, retention: retentions[description.retention] };
  });

const exampleTime = 1_763_860_000_000;

const exampleOf = (name: string): AttributeValue | undefined => descriptions[name]?.example;

const toExample = (declared: Declared): Attributes =>
  Object.fromEntries(Object.keys(declared).map(name => [name.replace('*', 'screen_sharing'), exampleOf(name)]));

const toExampleRequest = (eventName: EventName, category: Category, attributes: Declared, version: string) => {
  const isDouble = (name: string) => attributes[name] === 'double';
  const record = {
    timeUnixNano: toUnixNano(exampleTime),
    severityNumber: eventName === 'exception' ? severity.warn : severity.info,
    eventName,
    attributes: toKeyValues({ ...toExample(recordAttributes), ...toExample(attributes) }, (value, name) =>
      toAnyValue(value, isDouble(name)),
    ),
  };
  return toExportRequest(category, version, toKeyValues(toExample(resourceAttributes)), [record], exampleTime);
};

const toEventDocument = (eventName: EventName, version: string): EventDocument => {
  const { category, attributes } = events[eventName];
  const open = category === '*' ? [...categories] : [category];
  return {
    eventName,
    categories: open,
    ...eventDescriptions[eventName],
    attributes: toData(attributes),
    example: toExampleRequest(eventName, open[0] as Category, attributes, version),
  };
};

/** @param version of the product, for the scope of the examples */
export const catalogDocument = (version: string): CatalogDocument => ({
  categories: categories.map(category => ({ category, ...categoryDescriptions[category] })),
  resource: toData(resourceAttributes),
  scope: toData(scopeAttributes),
  record: toData(recordAttributes),
  events: (Object.keys(events) as EventName[]).map(name => toEventDocument(name, version)),
});

const escapeCell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

const toRow = (cells: string[]) => `| ${cells.map(escapeCell).join(' | ')} |`;

const columns = ['Attribute', 'Published as', 'What', 'Why', 'Type and bound', 'Example', 'Sensitivity', 'Pseudonym'];

const toTable = (data: Datum[]): string[] => [
  toRow(columns),
  toRow(columns.map(() => '---')),
  ...data.map(({ attribute, published, label, why, bound, example, sensitivity, pseudonym, retention }) =>
    toRow([
      `\`${attribute}\``,
      published ?? '',
      label,
      retention === retentions.installation ? `${why} Kept ${retention}.` : why,
      bound,
      `\`${example}\``,
      sensitivity,
      pseudonym ?? '',
    ]),
  ),
  '',
];

/** The same for people. */
export const toMarkdown = (document: CatalogDocument): string =>
  [
    '# What can be sent',
    '',
    'Every event and every attribute that page and collector let through. What is not here does not travel.',
    `Unless said otherwise a datum is kept ${retentions.queued}. What the collector keeps, the operator of the pool decides.`,
    '',
    '## Categories',
    '',
    ...document.categories.map(({ label, why, identifies }) => `- **${label}**: ${why} ${identifies}`),
    '',
    '## In every batch',
    '',
    ...toTable([...document.resource, ...document.scope]),
    '## In every record',
    '',
    ...toTable(document.record),
    ...document.events.flatMap(({ eventName, categories: open, label, why, attributes }) => [
      `## \`${eventName}\``,
      '',
      `${label} (${open.join(', ')}). ${why}`,
      '',
      ...toTable(attributes),
    ]),
  ].join('\n');
