/** A content blocker as people install one: an extension with one rule, or what WebKit has instead of extensions. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const write = (directory: string, file: string, content: unknown): string => {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, file);
  writeFileSync(path, JSON.stringify(content));
  return path;
};

/** @returns the directory of the unpacked extension */
export const blockingExtension = (profileDir: string, blockedPath: string): string => {
  const directory = join(profileDir, 'content-blocker');
  write(directory, 'manifest.json', {
    manifest_version: 3,
    name: 'Content blocker',
    version: '1',
    permissions: ['declarativeNetRequest'],
    declarative_net_request: { rule_resources: [{ id: 'rules', enabled: true, path: 'rules.json' }] },
    browser_specific_settings: { gecko: { id: 'content-blocker@example.com' } },
  });
  write(directory, 'rules.json', [{ id: 1, action: { type: 'block' }, condition: { urlFilter: blockedPath } }]);
  return directory;
};

/** @returns the file with the rules */
export const contentFilter = (profileDir: string, blockedPath: string): string =>
  write(profileDir, 'content-filter.json', [
    { trigger: { 'url-filter': blockedPath.replaceAll('/', '\\/') }, action: { type: 'block' } },
  ]);
