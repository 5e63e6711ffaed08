/** What a command of ours starts or writes carries its mark or lies in its scratch directory, and is gone afterwards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killTree, markVariable } from './processes.js';

/**
 * Runs to the end, or to the limit, or to the signal that ends it, and cleans up.
 * @param main resolves with whether all went well
 */
export const runCommand = (main: () => Promise<boolean>, limitMs: number): void => {
  const mark = `run-${process.pid}`;
  const scratch = mkdtempSync(join(tmpdir(), 'mjt-run-'));
  process.env[markVariable] = mark;
  process.env.TMPDIR = scratch;

  const cleanUp = async (): Promise<void> => {
    await killTree(undefined, mark);
    rmSync(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  const end = (isGood: boolean): void => {
    cleanUp().finally(() => process.exit(isGood ? 0 : 1));
  };

  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => end(false));
  setTimeout(() => {
    console.error(`The run took longer than ${limitMs / 60_000} minutes`);
    end(false);
  }, limitMs).unref();
  main().then(end, error => {
    console.error(error);
    end(false);
  });
};
