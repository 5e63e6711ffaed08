/** The package as npm would publish it, and fresh projects that install it. */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const patienceMs = 120_000;

let tarball: Promise<string> | undefined;

const pack = async (): Promise<string> => {
  const directory = mkdtempSync(join(tmpdir(), 'mjt-pack-'));
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', directory]);
  const [{ filename }] = Object.values(JSON.parse(stdout)) as [{ filename: string }];
  return join(directory, filename);
};

/** Packed once per test file. */
export const packed = (): Promise<string> => {
  tarball ??= pack();
  return tarball;
};

/** Throws what the command printed. */
export const command = async (cwd: string, name: string, ...words: string[]): Promise<string> => {
  try {
    return (await run(name, words, { cwd, timeout: patienceMs })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${name} ${words.join(' ')}: ${stdout}${stderr}`, { cause: error });
  }
};

/** A copy of `projects/<name>`, with further files and the package installed, built when it has a build. */
export const freshProject = async (name: string, files: Record<string, string> = {}): Promise<string> => {
  const directory = mkdtempSync(join(tmpdir(), `mjt-${name}-`));
  cpSync(resolve('test/package/projects', name), directory, { recursive: true });
  for (const [path, text] of Object.entries(files)) writeFileSync(join(directory, path), text);
  const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock', await packed()];
  await command(directory, 'npm', ...install);
  const { scripts } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  if (scripts?.build) await command(directory, 'npm', 'run', '--silent', 'build');
  return directory;
};

/** With the compiler of this checkout; a project has none of its own. */
export const typecheck = async (directory: string): Promise<void> => {
  if (!existsSync(join(directory, 'tsconfig.json'))) throw new Error(`${directory} has no tsconfig.json`);
  await command(directory, process.execPath, resolve('node_modules/typescript/bin/tsc'), '-p', directory);
};
