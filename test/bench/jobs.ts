/** Cells mostly wait, so some run side by side. One that fails or hangs is said, and the others go on. */
import { setTimeout as sleep } from 'node:timers/promises';

const longestMs = 3 * 60_000;

const timeout = async (signal: AbortSignal): Promise<never> => {
  await sleep(longestMs, undefined, { ref: false, signal });
  throw new Error(`not over after ${longestMs / 60_000} minutes`);
};

const limited = async <Result>(work: Promise<Result>): Promise<Result> => {
  const over = new AbortController();
  try {
    return await Promise.race([work, timeout(over.signal)]);
  } finally {
    over.abort();
  }
};

export interface Done<Result> {
  results: Result[];
  /** One line for each that failed. */
  failures: string[];
}

export const runJobs = async <Job, Result>(
  jobs: readonly Job[],
  atOnce: number,
  nameOf: (job: Job) => string,
  run: (job: Job) => Promise<Result>,
): Promise<Done<Result>> => {
  const waiting = [...jobs];
  const done: Done<Result> = { results: [], failures: [] };
  const work = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      try {
        done.results.push(await limited(run(job)));
      } catch (error) {
        done.failures.push(`${nameOf(job)}: ${error}`);
        console.error(`failed: ${done.failures.at(-1)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return done;
};
