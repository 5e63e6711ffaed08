/**
 * A real ClickHouse: chDB, the engine as a Python package, behind its own HTTP interface (demo/scale/clickhouse/server.py).
 * Kept in the user's cache, never in the checkout.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, type Hop, scaleFile, startAnswering } from './hops.js';
import { cacheFolder, exists } from './otelcol.js';

const run = promisify(execFile);

export const engineVersion = '26.9.0';
const installWithinMs = 10 * 60_000;

/** The message says what was missing. */
export class NoEngineError extends Error {}

const python = async (program: string, ...words: string[]): Promise<void> => {
  try {
    await run(program, words, { timeout: installWithinMs });
  } catch (error) {
    const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
    throw new NoEngineError(code === 'ENOENT' ? 'Python is not installed' : stderr.trim().split('\n').at(-1));
  }
};

/** @returns the Python that has it. @throws NoEngineError */
export const installClickHouse = async (): Promise<string> => {
  const folder = join(cacheFolder, `chdb-${engineVersion}`);
  const program = join(folder, 'bin', 'python');
  const done = join(folder, 'installed');
  if (await exists(done)) return program;
  await mkdir(folder, { recursive: true });
  await python('python3', '-m', 'venv', '--clear', folder);
  // Alone: it can also hand tables to pandas, which is as large again.
  await python(program, '-m', 'pip', 'install', '--quiet', '--no-deps', `chdb-core==${engineVersion}`);
  await writeFile(done, '');
  return program;
};

export interface Engine extends Hop {
  /** For the exporter: without compression, which the stand-in does not speak. */
  endpoint: string;
  /** Each row an object, as ClickHouse's JSONEachRow has it. */
  query(sql: string, parameters?: Record<string, string | number>): Promise<Record<string, unknown>[]>;
}

const ask = async (port: number, sql: string, parameters: Record<string, string | number>): Promise<string> => {
  const names = Object.entries(parameters).map(([name, value]) => [`param_${name}`, `${value}`]);
  const query = new URLSearchParams([['default_format', 'JSONEachRow'], ...names]);
  const answer = await fetch(`http://127.0.0.1:${port}/?${query}`, { method: 'POST', body: sql });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
};

const linesOf = (text: string): string[] => text.split('\n').filter(line => line !== '');

export const startClickHouse = async (program: string, folder: string, port?: number): Promise<Engine> => {
  await mkdir(folder, { recursive: true });
  const words = [scaleFile('clickhouse/server.py'), `${port ?? (await freePort())}`, folder];
  const hop = await startAnswering(program, words, Number(words[1]));
  return {
    ...hop,
    endpoint: `http://127.0.0.1:${hop.port}?compress=none`,
    query: async (sql, parameters = {}) =>
      linesOf(await ask(hop.port, sql, parameters)).map(line => JSON.parse(line) as Record<string, unknown>),
  };
};

/** The statements of a file of demo/scale/clickhouse: each ends with its line. */
export const readStatements = async (name: string): Promise<string[]> =>
  (await readFile(scaleFile(`clickhouse/${name}`), 'utf8')).split(/;\n/).filter(statement => statement.trim() !== '');
