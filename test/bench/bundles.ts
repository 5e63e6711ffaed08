/** The rivals, bundled for browsers and minified as hard as we are. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

const home = resolve('test/bench');
const output = resolve('build/bench');

const tool = (name: string, ...words: string[]): Buffer =>
  execFileSync(resolve(home, 'node_modules/.bin', name), words, { cwd: home, maxBuffer: 64 * 1_024 * 1_024 });

/** The rivals are no dependencies of the project: they are fetched when they are first measured. */
export const installRivals = (): void => {
  if (existsSync(resolve(home, 'node_modules/.bin/esbuild'))) return;
  console.log('Installing the rivals (test/bench/package.json)');
  execFileSync('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: home, stdio: 'inherit' });
};

/** @returns the path of the bundle */
export const bundle = (entry: string): string => {
  mkdirSync(output, { recursive: true });
  const path = resolve(output, `${entry}.js`);
  tool(
    'esbuild',
    `rivals/${entry}.js`,
    '--bundle',
    '--format=iife',
    '--target=es2022',
    '--minify',
    '--define:process.env.NODE_ENV="production"',
    `--outfile=${path}`,
    '--log-level=error',
  );
  writeFileSync(path, tool('terser', path, '--compress', 'passes=2', '--mangle', '--ecma', '2020'));
  return path;
};

export const read = (entry: string): Buffer => readFileSync(resolve(output, `${entry}.js`));
