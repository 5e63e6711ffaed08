/**
 * Finds the three browsers, and installs what a Debian machine lacks. An engine that is not there is named, never
 * passed over in silence: without Chromium nothing is proven, so its absence is a failure everywhere; in CI so is that
 * of the other two.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';

export type EngineName = 'chromium' | 'firefox' | 'webkit';

export const engineNames: readonly EngineName[] = ['chromium', 'firefox', 'webkit'];

interface Engine {
  /** Where a caller may name another binary. */
  variable: string;
  candidates: string[];
  packages: string[];
  /** Further programs without which the binary is of no use here. */
  needs: string[];
}

const engines: Record<EngineName, Engine> = {
  chromium: {
    variable: 'CHROMIUM_PATH',
    candidates: [
      '/usr/bin/chromium',
      '/usr/bin/chromium-browser',
      '/usr/bin/google-chrome',
      '/opt/google/chrome/chrome',
    ],
    packages: ['chromium'],
    needs: [],
  },
  firefox: {
    variable: 'FIREFOX_PATH',
    candidates: ['/usr/bin/firefox-esr', '/usr/bin/firefox'],
    packages: ['firefox-esr'],
    needs: [],
  },
  webkit: {
    variable: 'WEBKIT_PATH',
    candidates: [
      '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser',
      '/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser',
      '/usr/libexec/webkit2gtk-4.1/MiniBrowser',
    ],
    packages: ['webkit2gtk-driver', 'xvfb'],
    needs: ['/usr/bin/Xvfb'],
  },
};

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** The engine's binary, or undefined when it, or what it needs, is not installed. */
export const binaryOf = (name: EngineName): string | undefined => {
  const { variable, candidates, needs } = engines[name];
  if (!needs.every(isExecutable)) return undefined;
  const named = process.env[variable];
  return (named ? [named] : candidates).find(isExecutable);
};

/** The engines a run is about: all three, or those listed in `ENGINES=chromium,webkit`. */
export const wantedEngines = (): EngineName[] => {
  const listed = process.env.ENGINES?.split(',').map(name => name.trim());
  return engineNames.filter(name => listed === undefined || listed.includes(name));
};

const isInstalled = (name: EngineName): boolean => binaryOf(name) !== undefined;

const packagesOf = (missing: EngineName[]): string[] => missing.flatMap(name => engines[name].packages);

const apt = (...parameters: string[]): boolean =>
  spawnSync('apt-get', parameters, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }).status === 0;

const canInstall = (): boolean => process.getuid?.() === 0 && isExecutable('/usr/bin/apt-get');

const install = (missing: EngineName[]): void => {
  const packages = packagesOf(missing);
  console.log(`Installing the browsers this machine lacks: apt-get install ${packages.join(' ')}`);
  apt('update', '-q');
  // One at a time: a package that cannot be had must not keep the others away.
  for (const name of packages) apt('install', '-q', '-y', '--no-install-recommends', name);
};

const explain = (missing: EngineName[]): string =>
  `Not installed: ${missing.join(', ')}. On Debian or Ubuntu, run:\n` +
  `  sudo apt-get update && sudo apt-get install --no-install-recommends ${packagesOf(missing).join(' ')}\n` +
  `or name a binary: ${missing.map(name => `${engines[name].variable}=/path/to/it`).join(' ')}`;

export interface Found {
  present: EngineName[];
  /** Reported by name as skipped. */
  absent: EngineName[];
  /** Absent, and the run may not go on without it. */
  failed: EngineName[];
}

/** Installs when it may, and says what the run has to live with. */
export const prepareEngines = (): Found => {
  const wanted = wantedEngines();
  const missing = wanted.filter(name => !isInstalled(name));
  if (missing.length > 0 && canInstall()) install(missing);
  const absent = wanted.filter(name => !isInstalled(name));
  if (absent.length > 0) console.log(explain(absent));
  const isRequired = (name: EngineName) => name === 'chromium' || process.env.CI === 'true';
  return { present: wanted.filter(isInstalled), absent, failed: absent.filter(isRequired) };
};
