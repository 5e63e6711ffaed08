/** The package before it is published: what its manifest promises is there, and resolves everywhere. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { command, packed } from './packed.js';
import { bundles } from './sizes.js';

const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

test('publint has nothing to say', async () => {
  const { messages, pkg } = await publint({ pkgDir: '.', strict: true });
  assert.deepEqual(
    messages.map(message => formatMessage(message, pkg)),
    [],
  );
});

/** CommonJS has never been promised; a bundler or Node's own `require` of modules copes. */
const notOurs = new Set(['CJSResolvesToESM', 'NoResolution', 'UntypedResolution']);

test('types resolve wherever modules do', async () => {
  const tarball = createPackageFromTarballData(new Uint8Array(readFileSync(await packed())));
  const analysis = await checkPackage(tarball);
  assert.ok(analysis.types, 'the package has types');
  const problems = analysis.problems.filter(problem => !(notOurs.has(problem.kind) && isElsewhere(problem)));
  assert.deepEqual(problems, []);
});

interface Resolution {
  resolutionKind?: string;
  entrypoint?: string;
}

/** Node's old resolution knows no `exports`; the bundles are scripts, and the framework typings nothing but types. */
const isElsewhere = (problem: object): boolean => {
  const { resolutionKind = '', entrypoint = '' } = problem as Resolution;
  return ['node10', 'node16-cjs'].includes(resolutionKind) || /meeting-join-telemetry(-sw)?\.js$/.test(entrypoint);
};

test('Node imports it without a document', async () => {
  const script = "const names = Object.keys(await import('meeting-join-telemetry')); console.log(names.join());";
  const said = await command('.', process.execPath, '--input-type=module', '-e', script);
  assert.match(said, /MeetingJoinTelemetryElement/);
  await command('.', process.execPath, '--input-type=module', '-e', "await import('meeting-join-telemetry/define.js')");
});

test('every exported file is in the package, and no source or test is', async () => {
  const listed = await command('.', 'tar', '-tzf', await packed());
  const files = new Set(listed.split('\n').map(file => file.replace(/^package\//, '')));
  const { exports, customElements } = readJson('package.json');
  const targets = Object.values(exports as Record<string, string | Record<string, string>>)
    .flatMap(target => (typeof target === 'string' ? [target] : Object.values(target)))
    .map(target => target.replace('./', ''));
  for (const target of [...targets, customElements, 'README.md', 'LICENSE']) {
    assert.ok(files.has(target), `${target} is missing`);
  }
  const strangers = [...files].filter(file => file && !/^(dist\/|package\.json$|[A-Z]+(\.md)?$)/.test(file));
  assert.deepEqual(strangers, []);
});

test('the files with side effects are those that register something', () => {
  const { sideEffects } = readJson('package.json');
  for (const file of sideEffects) readFileSync(file);
  assert.ok(sideEffects.includes('./dist/define.js'));
  assert.ok(!sideEffects.includes('./dist/index.js'));
});

test('the integrity hashes are those of the bundles', () => {
  const hashes = readJson('dist/integrity.json');
  assert.deepEqual(Object.keys(hashes).sort(), bundles().sort());
  for (const [file, hash] of Object.entries(hashes)) {
    const digest = createHash('sha384')
      .update(readFileSync(`dist/${file}`))
      .digest('base64');
    assert.equal(hash, `sha384-${digest}`);
  }
});

test('the source maps lead to the source and carry it', () => {
  for (const file of bundles()) {
    const { sources, sourcesContent } = readJson(`dist/${file}.map`);
    // A chunk that holds a library alone leads to that library.
    const isLibrary = sources.every((source: string) => source.includes('node_modules/'));
    assert.ok(isLibrary || sources.some((source: string) => source.endsWith('.ts')), file);
    assert.ok(isLibrary || sourcesContent.every(Boolean), file);
  }
});

const contract = [
  'pool',
  'site',
  'config-src',
  'endpoint',
  'app-name',
  'surface',
  'worker-src',
  'federation-partner',
  'pseudonym-key',
  'disable-automatic-send-tracing',
];

interface Declaration {
  tagName?: string;
  attributes: { name: string; description?: string }[];
  events: { name: string }[];
  members: { kind: string; name: string; description?: string }[];
}

test('the manifest names what a page author may write, and describes it', () => {
  const { modules } = readJson('dist/custom-elements.json') as { modules: { declarations?: Declaration[] }[] };
  const tag = modules
    .flatMap(({ declarations = [] }) => declarations)
    .find(({ tagName }) => tagName === 'meeting-join-telemetry');
  assert.ok(tag);
  assert.deepEqual(tag.attributes.map(({ name }) => name).sort(), [...contract].sort());
  const undescribed = tag.attributes.filter(({ description }) => !description).map(({ name }) => name);
  assert.deepEqual(undescribed, []);
  const methods = tag.members.filter(({ kind }) => kind === 'method').map(({ name }) => name);
  assert.deepEqual(methods.sort(), [
    'flush',
    'purge',
    'queued',
    'recordError',
    'recordSignIn',
    'recordUsage',
    'startJoin',
    'trackJoin',
  ]);
  assert.equal(tag.events.length, 3);
});
