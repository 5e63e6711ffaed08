/** The harness as a process of its own, on a free port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

export const serveFile = fileURLToPath(new URL('../../../demo/serve.js', import.meta.url));

export interface Serving {
  child: ChildProcess;
  url: string;
  /** What it printed up to and with the console's line. */
  printed: string[];
}

export const startServing = async (
  context: TestContext,
  dataDir: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<Serving> => {
  const child = spawn(process.execPath, [serveFile], {
    env: { ...process.env, PORT: '0', DATA_DIR: dataDir, CLIENT_REQUESTS_PER_SECOND: '100000', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  context.after(() => child.kill('SIGKILL'));
  const printed: string[] = [];
  let url: string | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    printed.push(line);
    url ??= /http:\/\/[^/]+/.exec(line)?.[0];
    if (url !== undefined && printed.length === 3) return { child, url, printed };
  }
  throw new Error('the harness did not start');
};
