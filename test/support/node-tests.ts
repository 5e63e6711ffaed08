/** Runs compiled `*.test.js` files under node:test and counts what ran. */
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { countFailure, countPass, countSkip, type Tally } from './tally.js';

/** Node 20 expands no quoted glob and takes no tests for success: the files are found here. */
export const findTests = (directory: string, filters: string[]): string[] => {
  let entries: string[];
  try {
    entries = readdirSync(directory, { recursive: true }) as string[];
  } catch {
    return [];
  }
  return entries
    .filter(entry => entry.endsWith('.test.js'))
    .map(entry => join(directory, entry))
    .filter(file => filters.length === 0 || filters.some(filter => relative(directory, file).includes(filter)))
    .sort();
};

interface TestEvent {
  name: string;
  file?: string;
  skip?: string | boolean;
  details: { type?: string; error?: Error };
}

/** A file that holds no test is reported as a test named after itself. */
const isRealTest = ({ name, details }: TestEvent): boolean => details.type !== 'suite' && !name.endsWith('.test.js');

const countEnd = (tally: Tally, event: TestEvent): void => {
  if (!isRealTest(event)) return;
  if (event.skip === undefined || event.skip === false) countPass(tally);
  else countSkip(tally, `${event.name}${typeof event.skip === 'string' ? ` (${event.skip})` : ''}`);
};

const minuteMs = 60_000;

export const runNodeTests = (tally: Tally, files: string[], concurrency: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const stream = run({ files, concurrency, timeout: 12 * minuteMs });
    stream.on('test:pass', event => countEnd(tally, event as TestEvent));
    stream.on('test:fail', event => {
      // A suite fails because of a test within it, which is counted; a file that cannot be loaded counts itself.
      if ((event as TestEvent).details.type !== 'suite') countFailure(tally, (event as TestEvent).name);
    });
    stream.once('end', resolve);
    stream.once('error', reject);
    stream.compose(new spec()).pipe(process.stdout, { end: false });
  });
