/** What `npm run test:scale` starts: OpenTelemetry Collectors, gateways, collectors that store, and a load balancer. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const collectorKey = 'one key for both ways of 32 characters and more';
export const opsToken = 'operator';
/** Whose pages may send from elsewhere. */
export const pageOrigin = 'https://meet.contoso.com';

export const scaleFile = (name: string): string =>
  fileURLToPath(new URL(`../../../demo/scale/${name}`, import.meta.url));

const serveFile = fileURLToPath(new URL('../../demo/serve.js', import.meta.url));
const startWithinMs = 20_000;

export interface Hop {
  child: ChildProcess;
  port: number;
}

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
};

/** Whether anything speaks HTTP there before the time is over, or before the process is. */
export const answers = async (port: number, child: ChildProcess): Promise<boolean> => {
  const deadline = Date.now() + startWithinMs;
  while (Date.now() < deadline && child.exitCode === null) {
    if (await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)) return true;
    await sleep(100);
  }
  return false;
};

const start = (command: string, words: readonly string[], environment: NodeJS.ProcessEnv) => {
  const child = spawn(command, words, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaints = '';
  child.stderr?.on('data', chunk => {
    complaints = `${complaints}${chunk}`.slice(-4000);
  });
  return { child, complaints: () => complaints };
};

/** @returns a process that answers; throws what it said last when it does not. */
export const startAnswering = async (
  command: string,
  words: readonly string[],
  port: number,
  environment: NodeJS.ProcessEnv = {},
): Promise<Hop> => {
  const { child, complaints } = start(command, words, environment);
  if (!(await answers(port, child))) throw new Error(`${words.join(' ')} did not start: ${complaints()}`);
  return { child, port };
};

/** @param files laid over one another, of demo/scale */
const wordsFor = (files: readonly string[]): string[] => files.flatMap(file => ['--config', scaleFile(file)]);

export const startOtelcol = async (
  program: string,
  files: readonly string[],
  environment: NodeJS.ProcessEnv,
  port?: number,
): Promise<Hop> => {
  const listenAt = port ?? (await freePort());
  const given = { COLLECTOR_KEY: collectorKey, CORS_ORIGINS: `[${pageOrigin}]`, ...environment };
  return startAnswering(program, wordsFor(files), listenAt, { LISTEN: `127.0.0.1:${listenAt}`, ...given });
};

/** One that takes from Kafka, and so listens nowhere. */
export const startConsumer = (program: string, files: readonly string[], environment: NodeJS.ProcessEnv): Hop => ({
  child: start(program, wordsFor(files), environment).child,
  port: 0,
});

/** Our collector: a gateway when there is a next hop, else one that stores. */
export const startCollector = async (dataDir: string, nextHop?: string): Promise<Hop> => {
  const child = spawn(process.execPath, [serveFile], {
    env: {
      ...process.env,
      PORT: '0',
      DATA_DIR: dataDir,
      COLLECTOR_KEY: collectorKey,
      OPS_TOKEN: opsToken,
      CORS_ORIGINS: pageOrigin,
      CLIENT_REQUESTS_PER_SECOND: '1000000',
      ...(nextHop === undefined ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: nextHop }),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /:(\d+)\//.exec(line)?.[1];
    if (port !== undefined) return { child, port: Number(port) };
  }
  throw new Error('the collector did not start');
};

export const stop = async ({ child }: Hop, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, 'exit');
};

export interface Balancer {
  port: number;
  /** Requests answered by each of the ports behind it. */
  answered: Map<number, number>;
  close(): void;
}

/** Round robin, and 502 for whoever was sent to one that is gone: what a plain load balancer does until it has noticed. */
export const startBalancer = async (ports: readonly number[]): Promise<Balancer> => {
  const agent = new Agent({ keepAlive: true });
  const answered = new Map(ports.map(port => [port, 0]));
  let next = 0;
  const pass = (incoming: IncomingMessage, response: ServerResponse): void => {
    const port = ports[next++ % ports.length] ?? 0;
    const { method, url, headers } = incoming;
    const outgoing = request({ host: '127.0.0.1', port, agent, method, path: url, headers }, answer => {
      answered.set(port, (answered.get(port) ?? 0) + 1);
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    outgoing.once('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
    incoming.pipe(outgoing);
  };
  const server = createServer(pass).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    agent.destroy();
    server.close();
    server.closeAllConnections();
  };
  return { port: (server.address() as AddressInfo).port, answered, close };
};
