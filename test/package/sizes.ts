/** What the bundles weigh on the wire, and which module of the source each byte comes from. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';

const directory = 'dist';

export const workerFile = 'meeting-join-telemetry-sw.js';
export const shellFile = 'meeting-join-telemetry.js';

export const budgets = {
  /** The shell: whoever has telemetry off pays this and no more. */
  closedBytes: 4_096,
  /** Every visit, the first one included. */
  openBytes: 12_288,
  workerBytes: 5_120,
} as const;

/** The bundles a browser loads, by file name. */
export const bundles = (): string[] =>
  readdirSync(directory).filter(file => /^meeting-join-telemetry.*\.js$/.test(file));

const brotli = (content: Buffer): number =>
  brotliCompressSync(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: 24,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  }).length;

export const brotliBytes = (file: string): number => brotli(readFileSync(join(directory, file)));

export interface ModuleShare {
  module: string;
  /** Minified. */
  bytes: number;
}

const nameOf = (source: string | null): string =>
  (source ?? '(glue)').replace(/^.*node_modules\/(?:\.\.\/)*/, '').replace(/^(\.\.\/)+/, '');

/** Every character of the bundle belongs to the mapping before it. */
const attribute = (code: string, map: TraceMap): Map<string, number> => {
  const shares = new Map<string, number>();
  code.split('\n').forEach((text, line) => {
    let current = '(glue)';
    for (let column = 0; column < text.length; column += 1) {
      const { source } = originalPositionFor(map, { line: line + 1, column });
      if (source) current = nameOf(source);
      shares.set(current, (shares.get(current) ?? 0) + 1);
    }
  });
  return shares;
};

export const moduleShares = (file: string): ModuleShare[] => {
  const code = readFileSync(join(directory, file), 'utf8').replace(/\n\/\/# sourceMappingURL.*\s*$/, '');
  const map = new TraceMap(readFileSync(join(directory, `${file}.map`), 'utf8'));
  return [...attribute(code, map)]
    .map(([module, bytes]) => ({ module, bytes }))
    .sort((left, right) => right.bytes - left.bytes);
};

const parts: [pattern: RegExp, meaning: string][] = [
  [/telemetry\.js$/, 'shell: every page, gate closed or open'],
  [/-session-/, 'session: gate open (recorder, queue, instruments)'],
  [/-pseudonym-/, 'pseudonym: where the page knows who is signed in'],
  [/-standby-/, 'standby: no worker, no IndexedDB, or something to tell of or to delete'],
  [/-sw\.js$/, 'worker'],
  [/-panel/, 'panel: when somebody opens it (Lit, descriptions)'],
];

/** For the README. */
export const sizesTable = (): string => {
  const rows = parts.map(([pattern, meaning]) => {
    const files = bundles().filter(file => pattern.test(file));
    return `| ${meaning} | ${files.reduce((sum, file) => sum + brotliBytes(file), 0)} |`;
  });
  return ['| `npm run size` | bytes (brotli) |', '| --- | --- |', ...rows].join('\n');
};
