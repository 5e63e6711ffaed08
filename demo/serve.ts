/** The harness on a port: collector, console, launcher and the built files. The only file that opens one. */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createAdaptorServer } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { type Context, Hono } from 'hono';
import { type Collector, createCollector } from './collector/index.js';
import { parseSettings, type Settings, SettingsError } from './collector/settings.js';
import { StoreUnreadableError } from './collector/store.js';
import { createLauncher } from './launcher/routes.js';
import { createOps, type Ops } from './ops/index.js';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const workerFile = 'meeting-join-telemetry-sw.js';

const requestTimeoutMs = 30_000;
const headersTimeoutMs = 10_000;
/** How often Node looks for requests that are over their time; its own 30 s would give each as long again. */
const connectionsCheckingIntervalMs = 2000;
/** Without a byte either way; the console's live line says something every 15 s. */
const silenceMs = 65_000;
const maxConnections = 20_000;
/** Browsers and exporters wait for an answer before they ask again. Each that waits behind another is held in memory. */
const maxPipelined = 4;
/** For requests under way, when it stops: then their connections are cut. */
const finishWithinMs = 5000;
/** After this long a disk holds the store up that will not come back. */
const stopWithinMs = 10_000;

const serveWorker = async (context: Context): Promise<Response> => {
  try {
    return context.body(await readFile(dist + workerFile, 'utf8'), 200, {
      'Content-Type': 'text/javascript; charset=utf-8',
      'Cache-Control': 'no-cache',
      'Service-Worker-Allowed': '/',
    });
  } catch {
    return context.text('Not built: run npm run build.\n', 404);
  }
};

/** Chunks carry a hash in their name; everything else may change under its name. */
const cacheControl = (path: string): string =>
  /-[\w-]{8}\.js$/.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache';

const addDist = (app: Hono): void => {
  app.get(`/${workerFile}`, serveWorker);
  app.get('/dist/*', async (context, next) => {
    await next();
    context.res.headers.set('Cache-Control', cacheControl(context.req.path));
    context.res.headers.set('X-Content-Type-Options', 'nosniff');
    if (extname(context.req.path) === '.js') context.res.headers.set('Service-Worker-Allowed', '/');
  });
  app.get('/dist/*', serveStatic({ root: dist, rewriteRequestPath: path => path.replace(/^\/dist/, '') }));
};

const compose = (collector: Collector, ops: Ops): Hono => {
  const app = new Hono();
  app.route('/', collector.app);
  app.route('/', ops.app);
  app.route('/launcher/', createLauncher());
  app.get('/launcher', context => context.redirect(`/launcher/${new URL(context.req.url).search}`, 308));
  app.get('/', context => context.redirect('/launcher/?pool=pool01.contoso.com', 302));
  addDist(app);
  app.onError((error, context) => {
    // The path alone: a token may stand in what follows it.
    process.emitWarning(`${context.req.method} ${context.req.path} failed: ${error.message}`);
    return context.json({ code: 13, message: 'Something went wrong here.' }, 500);
  });
  return app;
};

const stopWith = (message: string): never => {
  process.stderr.write(`${message}\n`);
  process.exit(1);
};

const portProblem = (error: NodeJS.ErrnoException, { host, port }: Settings): string => {
  if (error.code === 'EADDRINUSE') return `Port ${port} is in use: stop what uses it, or set PORT=0 for a free one.`;
  if (error.code === 'EACCES') return `Port ${port} needs privileges: set PORT to 1024 or more.`;
  return `HOST=${host} cannot be listened on (${error.code ?? error.message}): set HOST=127.0.0.1.`;
};

const storesHint = 'Join on the launcher; the console shows who could not, and why. Ctrl+C stops the harness.';
const gatewayHint = 'This is a gateway: what it takes is stored, and looked at, where it goes. Ctrl+C stops it.';

const announce = ({ port, address, family }: AddressInfo, settings: Settings): void => {
  const shown =
    address === '127.0.0.1' || address === '::1' ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  const url = `http://${shown}:${port}`;
  process.stdout.write(
    [
      `Launcher  ${url}/launcher/?pool=pool01.contoso.com`,
      ...(settings.forwardTo === undefined
        ? [`Console   ${url}/ops/?token=${settings.opsToken}`, `Data      ${settings.dataDir}`, storesHint]
        : [`Next hop  ${settings.forwardTo}`, gatewayHint]),
      '',
    ].join('\n'),
  );
};

const cutPipelines = (server: ReturnType<typeof createAdaptorServer>): void => {
  const unanswered = new WeakMap<Socket, number>();
  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const count = (unanswered.get(socket) ?? 0) + 1;
    unanswered.set(socket, count);
    response.once('close', () => unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1));
    if (count > maxPipelined) socket.destroy();
  });
};

const start = async (): Promise<void> => {
  // What the collector writes is for its own user, whatever the folder lets others see.
  process.umask(0o077);
  const settings = await parseSettings(process.env);
  const collector = await createCollector(settings);
  const ops = createOps(collector, settings);
  const server = createAdaptorServer({
    fetch: compose(collector, ops).fetch,
    serverOptions: {
      requestTimeout: requestTimeoutMs,
      headersTimeout: headersTimeoutMs,
      keepAliveTimeout: 65_000,
      connectionsCheckingInterval: connectionsCheckingIntervalMs,
    },
  });
  if ('maxConnections' in server) server.maxConnections = maxConnections;
  server.setTimeout(silenceMs);
  cutPipelines(server);
  server.once('error', (error: NodeJS.ErrnoException) => stopWith(portProblem(error, settings)));
  server.listen(settings.port, settings.host, () => announce(server.address() as AddressInfo, settings));

  let isStopping = false;
  server.prependListener('request', (_: IncomingMessage, response: ServerResponse) => {
    response.setHeader('X-Content-Type-Options', 'nosniff');
    if (isStopping) response.setHeader('Connection', 'close');
  });

  /**
   * No new connections; what comes on the old ones is answered and committed, and then each is closed. Whoever says
   * nothing, or never comes to an end, is cut off: they were promised nothing.
   */
  const stop = (): void => {
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => process.exit(1), stopWithinMs).unref();
    ops.close();
    if ('keepAliveTimeout' in server) server.keepAliveTimeout = 1;
    server.close(() => void collector.close().then(() => process.exit(0)));
    if (!('closeIdleConnections' in server)) return;
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), finishWithinMs).unref();
  };
  // A second one changes nothing: npm passes on the Ctrl+C that the terminal has sent already.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, stop);
};

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'syscall' in error && 'code' in error;

try {
  await start();
} catch (error) {
  if (isSystemError(error)) stopWith(`${error.message}: DATA_DIR must be a folder with room that can be written.`);
  if (error instanceof SettingsError || error instanceof StoreUnreadableError || error instanceof RangeError) {
    stopWith(error.message);
  }
  throw error;
}
