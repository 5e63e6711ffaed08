/** Where engines keep IndexedDB below a profile. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const inDatabase = /indexeddb|IndexedDB|\/idb\/|storage\/default/;
const holdsData = /\.(sqlite3?|sqlite-wal|ldb|log)$|MANIFEST|CURRENT|-wal$/;

export const databaseFiles = (profileDir: string): string[] =>
  (readdirSync(profileDir, { recursive: true }) as string[])
    .map(name => join(profileDir, name))
    .filter(file => inDatabase.test(file) && holdsData.test(file) && statSync(file).isFile());

export const databaseBytes = (profileDir: string): number =>
  databaseFiles(profileDir).reduce((sum, file) => sum + statSync(file).size, 0);
