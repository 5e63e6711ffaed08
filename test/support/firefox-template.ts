/**
 * The first start of a Firefox profile takes twice the processor time of any later one. A run makes one profile that
 * has been started before, and every new one begins as a copy of it.
 */
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';

/** Set once per run by the orchestrator. */
const variable = 'MEETING_JOIN_TELEMETRY_FIREFOX_TEMPLATE';

const isNew = (profileDir: string): boolean => !existsSync(join(profileDir, 'prefs.js'));

/** Says who uses a profile: nobody, of a copy. */
const isLock = (path: string): boolean => /\/(lock|\.parentlock)$/.test(path);

export const copyTemplate = (profileDir: string): void => {
  const template = process.env[variable];
  if (!template || !isNew(profileDir)) return;
  cpSync(template, profileDir, { recursive: true, filter: path => !isLock(path) });
};

export const useTemplate = (profileDir: string): void => {
  process.env[variable] = profileDir;
};
