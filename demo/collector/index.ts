/**
 * The collector: Request → Response, no port. `createCollector` opens DATA_DIR and answers
 *   POST /v1/logs · GET /web-service-configuration.json · GET /healthz · GET /metrics (operator)
 * For the console: `collector.store` (query, connect, onStored), `collector.configurations` (list, patch,
 * audit), `collector.faults` (get, set), and `requireOperator` / `operatorCookie` from `operator-token.ts`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context, MiddlewareHandler } from 'hono';
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { type Configurations, openConfigurations } from './configurations.js';
import { createFaults, type Faults } from './faults.js';
import { createGateway } from './gateway.js';
import { defaultLimits, type Limits } from './limits.js';
import { createLogsHandler, incomingOf, type Sink } from './logs.js';
import { createMetrics, type Metrics } from './metrics.js';
import { requireOperator } from './operator-token.js';
import { answerStatus, respond } from './otlp-answer.js';
import { parseCollectorKey } from './pseudonym.js';
import { openStore, type Retention, type Store, type StoreFailure } from './store.js';

export interface CollectorOptions {
  dataDir: string;
  /** One key, or `new,old` while keys change. */
  collectorKey: string;
  opsToken: string;
  /** Origins whose pages may send here; `*` for all. Same-origin pages need none. */
  allowedOrigins?: readonly string[];
  /** Base URL of the next OTLP/HTTP hop: then nothing is stored here. */
  forwardTo?: string;
  /** Who sent a request, for the rate limit only; undefined when it cannot be told. */
  clientAddress?: (context: Context) => string | undefined;
  limits?: Partial<Limits>;
  retention?: Retention;
  now?: () => number;
  freeBytes?: () => Promise<number>;
}

export interface Collector {
  app: Hono;
  /** Undefined in a gateway, which stores nothing. */
  store: Store | undefined;
  configurations: Configurations;
  faults: Faults;
  metrics: Metrics;
  close(): Promise<void>;
}

/** Days: error detail is the most personal and goes first; usage has a year for comparing seasons. */
export const defaultRetention: Retention = { census: 180, usage: 395, error: 90 };

const expireEveryMs = 3_600_000;
const preflightCacheSeconds = 7200;

/** A load balancer's patience for an answer of /healthz. */
const maxProbeMs = 2500;

/** The socket's address, where Node's server is underneath. */
const socketAddress = (context: Context): string | undefined => incomingOf(context)?.socket.remoteAddress;

const crossOrigin = (origins: readonly string[], methods: string[]): MiddlewareHandler =>
  cors({
    origin: origin => (origins.includes('*') || origins.includes(origin) ? origin : null),
    allowMethods: methods,
    allowHeaders: ['Content-Type', 'Content-Encoding'],
    exposeHeaders: ['Retry-After'],
    maxAge: preflightCacheSeconds,
  });

const storeAsSink = (store: Store): Sink => ({
  counter: 'records_stored_total',
  add: rows => store.add(rows),
  problem: () => store.status().failure,
  probe: () => store.probe(),
  gauges: () => {
    const { waitingRows, commits, lookups, reopens } = store.status();
    return { waiting_rows: waitingRows, commits, duplicate_lookups: lookups, database_reopens: reopens };
  },
});

/** Ends the overlap of two keys: with one key left, the links between old and new pseudonyms go. */
const forgetPrevious = async (store: Store): Promise<void> => {
  const [row] = await store.query('SELECT 1 AS found FROM events WHERE user_hash_previous IS NOT NULL LIMIT 1');
  if (row !== undefined) await store.forgetPreviousHashes();
};

/** What is too old and stays is a promise broken: the next hour tries again, and somebody must hear of it. */
const keepExpiring = (store: Store, retention: Retention, now: () => number, metrics: Metrics): NodeJS.Timeout => {
  const expire = () =>
    store.expire(retention, now()).catch((error: Error) => {
      metrics.add('expiry_failures_total', 1);
      process.emitWarning(`What is too old could not be deleted: ${error.message}`);
    });
  void expire();
  return setInterval(expire, expireEveryMs).unref();
};

const publish = (configurations: Configurations): Response => {
  const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache' };
  try {
    return new Response(configurations.published(), { headers });
  } catch {
    // Anybody may ask: why, with the file's place and what stands in it, is for the operator, who hears when changing it.
    const error = 'The configuration cannot be read at present.';
    return new Response(JSON.stringify({ error }), { status: 503, headers });
  }
};

/**
 * While something is wrong, each question tries whether it still is: whoever took this collector out of service sees
 * it come back, though nobody sends to it. Questions that come together share one try.
 */
const createHealth = (sink: Sink): (() => Promise<StoreFailure | undefined>) => {
  let probing: Promise<void> | undefined;
  return async () => {
    if (sink.problem() === undefined) return undefined;
    probing ??= sink.probe().finally(() => {
      probing = undefined;
    });
    await Promise.race([probing, sleep(maxProbeMs, undefined, { ref: false })]);
    return sink.problem();
  };
};

const addPublicRoutes = (app: Hono, sink: Sink, configurations: Configurations): void => {
  const findProblem = createHealth(sink);
  app.get('/web-service-configuration.json', () => publish(configurations));
  app.get('/healthz', async context => {
    const problem = await findProblem();
    const health = { status: problem === undefined ? 'ok' : 'unavailable', problem };
    return context.json(health, problem === undefined ? 200 : 503, { 'Cache-Control': 'no-store' });
  });
};

export const createCollector = async (options: CollectorOptions): Promise<Collector> => {
  const limits = { ...defaultLimits, ...options.limits };
  const now = options.now ?? Date.now;
  const pseudonymizer = parseCollectorKey(options.collectorKey);
  const configurations = await openConfigurations(options.dataDir);
  const { dataDir, freeBytes, forwardTo } = options;
  const store =
    forwardTo === undefined ? await openStore({ dataDir, limits, ...(freeBytes ? { freeBytes } : {}) }) : undefined;
  const sink = store === undefined ? createGateway(forwardTo ?? '') : storeAsSink(store);
  if (store && pseudonymizer.previous === undefined) await forgetPrevious(store);
  const faults = createFaults();
  const metrics = createMetrics();
  const expiry = store && keepExpiring(store, options.retention ?? defaultRetention, now, metrics);

  const app = new Hono();
  const origins = options.allowedOrigins ?? [];
  app.use('/v1/logs', crossOrigin(origins, ['POST']));
  app.use('/web-service-configuration.json', crossOrigin(origins, ['GET']));
  const clientAddress = options.clientAddress ?? socketAddress;
  app.post('/v1/logs', createLogsHandler({ sink, limits, pseudonymizer, faults, metrics, clientAddress, now }));
  app.all('/v1/logs', () => {
    const answer = respond(answerStatus(405, 'Logs are POSTed here.'), 'application/json');
    answer.headers.set('Allow', 'POST');
    return answer;
  });
  addPublicRoutes(app, sink, configurations);
  app.get('/metrics', requireOperator(options.opsToken), context =>
    context.text(metrics.print({ ...sink.gauges(), resident_memory_bytes: process.memoryUsage.rss() }), 200, {
      'Content-Type': 'text/plain; version=0.0.4; charset=utf-8',
    }),
  );

  return {
    app,
    store,
    configurations,
    faults,
    metrics,
    async close() {
      clearInterval(expiry);
      await store?.close();
    },
  };
};
