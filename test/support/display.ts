/** WebKitGTK has no headless mode: it is given a display of its own that nobody sees. */
import { type ChildProcess, spawn } from 'node:child_process';

export interface Display {
  name: string;
  stop(): void;
}

/** Xvfb picks a free display itself and writes its number to the descriptor it is given. */
const displayNumber = (server: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('Xvfb did not start within 15 s')), 15_000);
    server.once('error', reject);
    server.once('exit', code => reject(new Error(`Xvfb ended with code ${code}`)));
    server.stdio[3]?.on('data', (chunk: Buffer) => {
      clearTimeout(timer);
      resolve(chunk.toString().trim());
    });
  });

export const startDisplay = async (env: NodeJS.ProcessEnv): Promise<Display> => {
  const parameters = ['-displayfd', '3', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'];
  const server = spawn('Xvfb', parameters, { env, stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  return { name: `:${await displayNumber(server)}`, stop: () => server.kill('SIGKILL') };
};
