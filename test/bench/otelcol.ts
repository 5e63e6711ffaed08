/**
 * A real OpenTelemetry Collector, built from Go modules where Go and its module proxy are at hand; kept in the user's
 * cache, never in the checkout. Not by its own builder: that one also wants the modules which only the tests of the
 * components need, and not every proxy has them.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const version = '0.155.0';
/** Of the stable modules of the same release. */
const stableVersion = '1.61.0';

const core = 'go.opentelemetry.io/collector';
const contrib = 'github.com/open-telemetry/opentelemetry-collector-contrib';

const modules = [
  `${core}/otelcol@v${version}`,
  `${core}/service@v${version}`,
  `${core}/receiver/otlpreceiver@v${version}`,
  `${core}/exporter/otlphttpexporter@v${version}`,
  ...[
    'receiver/kafkareceiver',
    'processor/filterprocessor',
    'processor/transformprocessor',
    'exporter/clickhouseexporter',
    'exporter/fileexporter',
    'exporter/kafkaexporter',
    'extension/storage/filestorage',
  ].map(name => `${contrib}/${name}@v${version}`),
  ...['env', 'file', 'yaml'].map(name => `${core}/confmap/provider/${name}provider@v${stableVersion}`),
];

export const cacheFolder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'meeting-join-telemetry');

const buildWithinMs = 30 * 60_000;
const source = fileURLToPath(new URL('../../../demo/scale/otelcol/main.go', import.meta.url));

/** The message says what was missing. */
export class NoCollectorError extends Error {}

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

const go = async (cwd: string, ...words: string[]): Promise<void> => {
  try {
    await run('go', words, { cwd, timeout: buildWithinMs, env: { ...process.env, GOFLAGS: '-mod=mod' } });
  } catch (error) {
    const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
    throw new NoCollectorError(code === 'ENOENT' ? 'Go is not installed' : `go ${words[0]}: ${lastLine(stderr)}`);
  }
};

/** @returns the program's path. @throws NoCollectorError */
export const buildOtelcol = async (): Promise<string> => {
  const recipe = createHash('sha256')
    .update(await readFile(source))
    .update(modules.join());
  const folder = join(cacheFolder, `otelcol-${version}-${recipe.digest('hex').slice(0, 8)}`);
  const program = join(folder, 'otelcol');
  if (await exists(program)) return program;
  await mkdir(folder, { recursive: true });
  await copyFile(source, join(folder, 'main.go'));
  await writeFile(join(folder, 'go.mod'), 'module otelcol\n');
  await go(folder, 'get', ...modules);
  await go(folder, 'build', '-o', `${program}.new`, '-ldflags', '-s -w', '.');
  await copyFile(`${program}.new`, program);
  return program;
};
