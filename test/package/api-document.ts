/** docs/api.md: the tags out of the custom elements manifest, what they take and give out of the declarations. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Declaration, declarations, type Field, type Method } from './manifest.js';
import { table } from './readme.js';

const code = (text: string): string => `\`${text}\``;

const block = (text: string): string => `\`\`\`ts\n${text}\n\`\`\``;

const cell = (text = ''): string => text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ');

const rows = (head: string[], lines: string[][]): string =>
  table(
    head,
    lines.map(line => line.map(cell)),
  );

/** Sections that have nothing to say are left out. */
const section = (title: string, body: string | undefined): string[] => (body ? [`### ${title}`, body] : []);

const defaultOf = (value: string | undefined): string => {
  const parsed: unknown = JSON.parse(value ?? '""');
  return parsed === '' ? '' : code(String(parsed));
};

const attributesOf = ({ attributes }: Declaration): string | undefined =>
  attributes.length === 0
    ? undefined
    : rows(
        ['Attribute', 'Property', 'Type', 'Default', 'Meaning'],
        attributes.map(({ name, fieldName, type, default: value, description }) => [
          code(name),
          fieldName ? code(fieldName) : '',
          code(type.text),
          defaultOf(value),
          description ?? '',
        ]),
      );

const fieldsOf = ({ members = [] }: Declaration): Field[] =>
  members.filter((member): member is Field => member.kind === 'field');

const propertiesOf = (declaration: Declaration): string | undefined => {
  const fields = fieldsOf(declaration).filter(({ attribute }) => !attribute);
  if (fields.length === 0) return undefined;
  return rows(
    ['Property', 'Type', '', 'Meaning'],
    fields.map(({ name, type, readonly, description }) => [
      code(name),
      type ? code(type.text) : '',
      readonly ? 'read only' : '',
      description ?? '',
    ]),
  );
};

const signatureOf = ({ name, parameters = [], return: result }: Method): string => {
  const list = parameters.map(
    ({ name: parameter, optional, type }) => `${parameter}${optional ? '?' : ''}: ${type.text}`,
  );
  return `${name}(${list.join(', ')}): ${result.type.text}`;
};

const methodsOf = ({ members = [] }: Declaration): string | undefined =>
  members
    .filter((member): member is Method => member.kind === 'method')
    .map(method => `${block(signatureOf(method))}\n\n${method.description ?? ''}`.trim())
    .join('\n\n');

const eventsOf = ({ events = [] }: Declaration): string | undefined =>
  events.length === 0
    ? undefined
    : rows(
        ['Event', 'Type', 'When'],
        events.map(({ name, type, description }) => [code(name), code(type.text), description ?? '']),
      );

const partsOf = ({ cssParts = [] }: Declaration): string | undefined =>
  cssParts.length === 0
    ? undefined
    : rows(
        ['Part', ''],
        cssParts.map(({ name, description }) => [code(`::part(${name})`), description ?? '']),
      );

const tagSection = (declaration: Declaration): string[] => [
  `## ${code(`<${declaration.tagName}>`)}`,
  declaration.description ?? '',
  ...section('Attributes', attributesOf(declaration)),
  ...section('Properties', propertiesOf(declaration)),
  ...section('Methods', methodsOf(declaration)),
  ...section('Events', eventsOf(declaration)),
  ...section('CSS parts', partsOf(declaration)),
];

const read = (path: string): string => readFileSync(join('dist', path), 'utf8');

const declarationFiles = (): string[] =>
  (readdirSync('dist', { recursive: true }) as string[]).filter(path => path.endsWith('.d.ts')).sort();

const comment = String.raw`(?:^\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?`;
const nextStatement = `${comment}^(?:export|import|declare|interface|type) `;

/** With the comment right above it, up to what follows. */
const exported = (name: string): RegExp =>
  new RegExp(
    `${comment}^export (?:declare )?(?:interface|type|const) ${name}\\b[\\s\\S]*?(?=${nextStatement}|$(?![\\s\\S]))`,
    'm',
  );

const typeNames = [
  'Gate',
  'Scope',
  'StartOptions',
  'Confidence',
  'JoinAttempt',
  'JoinFailure',
  'ErrorType',
  'ExpectedErrorType',
  'UnexpectedErrorType',
  'AbandonedErrorType',
  'Usage',
  'ErrorContext',
  'FlushReport',
  'Receipt',
  'DropReason',
];

const declarationOf = (name: string): string => {
  const files = declarationFiles();
  const found = files.map(path => exported(name).exec(read(path))?.[0]).find(text => text !== undefined);
  if (found === undefined) throw new Error(`No declaration of ${name}`);
  return found
    .trim()
    .replaceAll(/^export (declare )?/gm, '')
    .replaceAll('    ', '  ')
    .replaceAll(/^.{121,}$/gm, line => line.replaceAll(/ ?(= )?\| /g, '$1\n  | ').replace(/ = (?=')/, ' =\n  | '));
};

/** What the file says of itself in its first line is the product's name, and more. */
const mapperSection = (path: string): string[] => {
  const text = read(path);
  const [about = ''] = /(?<=^\/\*\*)[\s\S]*?(?=\*\/)/.exec(text) ?? [];
  const names = [...text.matchAll(/^export (?:interface|declare const) (\w+)/gm)]
    .map(([, name = '']) => name)
    .filter(name => !/^[a-z]/.test(name) || name.startsWith('from'));
  const [mapper = ''] = names.filter(name => name.startsWith('from'));
  return [
    `### ${code(mapper)}`,
    about.replaceAll(/\s*\n \* ?/g, '\n').trim(),
    block(names.map(declarationOf).join('\n\n')),
  ];
};

const mappers = (): string[] => declarationFiles().filter(path => /^practices\/join-errors-.*\.d\.ts$/.test(path));

export const apiDocument = (): string =>
  `${[
    '# API',
    'What a page may write, call and listen to. Written by `npm run docs` from the custom elements manifest and the declarations of the build.',
    ...declarations()
      .filter(({ tagName }) => tagName)
      .flatMap(tagSection),
    '## Why a join failed',
    'Exported by `meeting-join-telemetry`: each turns what a product says into what `fail` takes.',
    ...mappers().flatMap(mapperSection),
    '## Types',
    block(typeNames.map(declarationOf).join('\n\n')),
  ].join('\n\n')}\n`;
