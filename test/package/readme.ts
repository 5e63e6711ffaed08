/** README.md as a program sees it: its fenced snippets, and the parts that are generated. */
import { readFileSync, writeFileSync } from 'node:fs';

const path = 'README.md';

export interface Snippet {
  language: string;
  /** Snippets of one test belong together. */
  test: string;
  /** The URL at which a script is served. */
  file: string | undefined;
  text: string;
}

const attributeOf = (info: string, name: string): string | undefined => new RegExp(`\\b${name}=(\\S+)`).exec(info)?.[1];

/** The blocks whose info string says `test=<name>`. */
export const snippets = (): Snippet[] =>
  [...readFileSync(path, 'utf8').matchAll(/^```(\w+) (.*)\n([\s\S]*?)^```$/gm)].flatMap(
    ([, language = '', info = '', text = '']) => {
      const test = attributeOf(info, 'test');
      return test === undefined ? [] : [{ language, test, file: attributeOf(info, 'file'), text }];
    },
  );

const markers = (name: string) => new RegExp(`(<!-- generated: ${name} -->\\n)[\\s\\S]*?(<!-- /generated -->)`);

export const generatedPart = (name: string): string | undefined => {
  const [part] = markers(name).exec(readFileSync(path, 'utf8')) ?? [];
  return part?.split('\n').slice(1, -1).join('\n');
};

/** Replaces what stands between the markers of that name; does nothing when the README has none. */
export const writePart = (name: string, text: string): void => {
  const readme = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    readme.replace(markers(name), (_, head: string, tail: string) => `${head}${text}\n${tail}`),
  );
};

/** In columns, as the formatter wants them. */
export const table = (head: string[], rows: string[][]): string => {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map(cells => cells[column]?.length ?? 0)));
  const line = (cells: string[], filler = ' '): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width, filler)).join(' | ')} |`;
  return [line(head), line([], '-'), ...rows.map(cells => line(cells))].join('\n');
};
