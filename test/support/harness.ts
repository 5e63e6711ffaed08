/** The real harness, as `npm start` runs it: a process of its own, which can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { freePort } from './ports.js';
import { newMark } from './processes.js';

export interface Harness {
  origin: string;
  /** SIGKILL: no goodbye to anybody. */
  kill(): Promise<void>;
  /** Again, on the same port and data. */
  start(): Promise<void>;
  get<T>(path: string): Promise<T>;
}

const opsToken = 'a-token-for-tests-only';

const whenAnnounced = (server: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    server.stdout?.on('data', (chunk: Buffer) => String(chunk).includes('Launcher') && resolve());
    server.once('exit', code => reject(new Error(`The harness ended with code ${code}`)));
  });

export const startHarness = async (dataDir: string): Promise<Harness> => {
  const port = await freePort();
  const mark = newMark();
  const settings = { PORT: `${port}`, HOST: '127.0.0.1', DATA_DIR: dataDir, OPS_TOKEN: opsToken };
  let server: ChildProcess | undefined;
  const harness: Harness = {
    origin: `http://localhost:${port}`,
    kill: async () => {
      const gone = new Promise(resolve => server?.once('exit', resolve));
      if (server?.exitCode !== null || !server.kill('SIGKILL')) return;
      await gone;
    },
    start: async () => {
      const env = { ...mark.env, ...settings };
      server = spawn(process.execPath, ['build/demo/serve.js'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
      await whenAnnounced(server);
    },
    get: async path => {
      const response = await fetch(`${harness.origin}${path}`, { headers: { Authorization: `Bearer ${opsToken}` } });
      if (!response.ok) throw new Error(`${path} answers ${response.status}`);
      return response.json() as Promise<never>;
    },
  };
  await harness.start();
  return harness;
};
