import { type Context, Hono, type MiddlewareHandler } from 'hono';
import type { FaultKind, Faults } from './browser/api.js';
import {
  type ConfigurationBook,
  isIdentity,
  isOn,
  parseChange,
  parseExport,
  readConfigurations,
} from './configurations.js';
import { exportEvents, isExportFormat } from './export.js';
import { type Filters, parseFilters } from './filters.js';
import { readJoin, readJoins } from './joins.js';
import { createLive, type Live, type OnStored } from './live.js';
import { readOverview } from './overview.js';
import type { Store } from './store.js';
import { previousPeriod, readSummary } from './summary.js';

/** Ways to fail that can be asked for. */
export interface FaultSwitch {
  get(): FaultKind;
  set(kind: FaultKind): void;
}

/** What the API stands on; the harness builds it. */
export interface OpsHouse {
  store: Store;
  onStored: OnStored;
  configurations: ConfigurationBook;
  /** Absent where the collector can be reached from elsewhere: nobody breaks it from afar. */
  faults?: FaultSwitch | undefined;
  /** Fills the store with made-up traffic; absent where the collector can be reached from elsewhere. */
  seed?: (() => Promise<unknown>) | undefined;
  /** Lets the operator in and nobody else. */
  authorize: MiddlewareHandler;
  now?: (() => number) | undefined;
}

/** Pools without a collection of their own are listed while somebody joins there. */
const recentPoolsMs = 30 * 86_400_000;
const maxImportBytes = 1_000_000;
const maxWho = 64;
const defaultJoins = 50;
const maxJoins = 500;

const refuse = (context: Context, status: 400 | 403 | 404 | 413, error: string): Response =>
  context.json({ error }, status);

const isSafe = (method: string): boolean => method === 'GET' || method === 'HEAD';

/**
 * A cookie travels with requests that other sites cause; a header that no form can set, or the token itself, does not.
 * `SameSite=Strict` keeps most of them away already, and `Origin` the rest.
 */
const refuseForgery: MiddlewareHandler = async (context, next) => {
  if (isSafe(context.req.method)) return next();
  const { origin, host } = { origin: context.req.header('Origin'), host: context.req.header('Host') };
  if (origin !== undefined && URL.canParse(origin) && new URL(origin).host !== host) {
    return refuse(context, 403, 'this request comes from another site');
  }
  const meant = context.req.header('Authorization') ?? context.req.header('X-Requested-With');
  return meant === undefined ? refuse(context, 403, 'send the header X-Requested-With') : next();
};

/** Whoever switched: what people call themselves, for they share one token. */
const whoOf = (context: Context): string => {
  const given = context.req.header('X-Operator');
  if (given === undefined) return context.req.header('Authorization') === undefined ? 'operator' : 'script';
  try {
    return decodeURIComponent(given).trim().slice(0, maxWho) || 'operator';
  } catch {
    return 'operator';
  }
};

const faultKinds: readonly string[] = ['none', 'refuse', '503', '429', 'delay', 'lose'] satisfies FaultKind[];

const isFaultKind = (value: unknown): value is FaultKind => typeof value === 'string' && faultKinds.includes(value);

type Read = (context: Context, filters: Filters) => Promise<Response> | Response;

/** Reads the filters; answers 400 with the reason when one of them cannot be read. */
const filtered =
  (read: Read) =>
  (context: Context): Promise<Response> | Response => {
    let filters: Filters;
    try {
      filters = parseFilters(context.req.query());
    } catch (error) {
      return refuse(context, 400, (error as Error).message);
    }
    return read(context, filters);
  };

/** Undefined when it is no number of joins. */
const limitOf = (context: Context): number | undefined => {
  const asked = Number(context.req.query('limit') ?? defaultJoins);
  return Number.isInteger(asked) && asked > 0 ? Math.min(asked, maxJoins) : undefined;
};

/** When the earliest join began that a read of figures looks at. */
const earliestOf = (filters: Filters, nowMs: number): number | undefined =>
  previousPeriod(filters, nowMs)?.fromMs ?? filters.fromMs;

const addReads = (api: Hono, { store, now = Date.now }: OpsHouse, live: Live): void => {
  api.get(
    '/summary',
    filtered(async (context, filters) =>
      context.json(await store.read(reader => readSummary(reader, filters, now()), earliestOf(filters, now()))),
    ),
  );
  api.get(
    '/overview',
    filtered(async (context, filters) =>
      context.json(await store.read(reader => readOverview(reader, filters, now()), earliestOf(filters, now()))),
    ),
  );
  api.get(
    '/joins',
    filtered(async (context, filters) => {
      const limit = limitOf(context);
      if (limit === undefined) return refuse(context, 400, `limit is a number from 1 to ${maxJoins}`);
      return context.json(await store.read(reader => readJoins(reader, filters, limit), filters.fromMs));
    }),
  );
  api.get('/joins/:id', async context => {
    const join = await store.read(reader => readJoin(reader, context.req.param('id')), now());
    return join ? context.json(join) : refuse(context, 404, 'no such join');
  });
  api.get(
    '/live',
    filtered((context, filters) => live.open(filters, context.req.raw.signal)),
  );
  api.get(
    '/events',
    filtered((context, filters) => {
      const format = context.req.query('format') ?? 'ndjson';
      if (!isExportFormat(format)) return refuse(context, 400, 'format is ndjson, csv or parquet');
      // An export is for keeping: it holds the synthetic records too, marked, unless told otherwise.
      const synthetic = filters.synthetic || context.req.query('synthetic') === undefined;
      return store.readRecords(reader => exportEvents(reader, { ...filters, synthetic }, format));
    }),
  );
};

const addConfigurations = (api: Hono, { store, configurations, now = Date.now }: OpsHouse): void => {
  api.get('/configurations', async context => {
    const sinceMs = now() - recentPoolsMs;
    return context.json(await store.read(reader => readConfigurations(reader, configurations, sinceMs), sinceMs));
  });
  api.get('/configurations/export', async context =>
    context.body(`${JSON.stringify(await configurations.list(), null, 2)}\n`, 200, {
      'Content-Type': 'application/json',
      'Content-Disposition': 'attachment; filename="web-service-configuration.json"',
    }),
  );
  api.post('/configurations/import', async context => {
    const bytes = new Uint8Array(await context.req.arrayBuffer());
    if (bytes.length > maxImportBytes) return refuse(context, 413, 'the file is too large for a configuration');
    try {
      const list = parseExport(bytes);
      for (const { Identity, ...properties } of list) {
        const MeetingUxEnableTelemetry = isOn(properties.MeetingUxEnableTelemetry);
        await configurations.change(Identity, { ...properties, MeetingUxEnableTelemetry }, whoOf(context));
      }
      return context.json({ imported: list.length });
    } catch (error) {
      return refuse(context, 400, (error as Error).message);
    }
  });
  api.patch('/configurations/:identity', async context => {
    const identity = context.req.param('identity');
    if (!isIdentity(identity)) {
      return refuse(context, 400, 'an Identity is global, site:Name or service:WebServer:pool.fqdn');
    }
    try {
      const change = parseChange(await context.req.json().catch(() => undefined));
      return context.json(await configurations.change(identity, change, whoOf(context)));
    } catch (error) {
      return refuse(context, 400, (error as Error).message);
    }
  });
};

const addFaults = (api: Hono, faults: FaultSwitch | undefined): void => {
  api.get('/faults', context =>
    faults
      ? context.json({ kind: faults.get() } satisfies Faults)
      : refuse(context, 404, 'faults are for loopback only'),
  );
  api.put('/faults', async context => {
    if (!faults) return refuse(context, 404, 'faults are for loopback only');
    const { kind } = (await context.req.json().catch(() => ({}))) as { kind?: unknown };
    if (!isFaultKind(kind)) return refuse(context, 400, `kind is one of ${faultKinds.join(', ')}`);
    faults.set(kind);
    return context.json({ kind } satisfies Faults);
  });
};

const addSeed = (api: Hono, seed: OpsHouse['seed']): void => {
  api.post('/seed', async context =>
    seed ? context.json(await seed()) : refuse(context, 404, 'made-up traffic is for loopback only'),
  );
};

/** `/api/*`: what operators and their scripts read and switch. Everything here is behind the operator's token. */
export const createApi = (house: OpsHouse): { api: Hono; close(): void } => {
  const live = createLive(house.store, house.onStored);
  const api = new Hono();
  api.use('*', house.authorize, refuseForgery, async (context, next) => {
    await next();
    context.res.headers.set('Cache-Control', 'no-store');
    context.res.headers.set('X-Content-Type-Options', 'nosniff');
    // Nobody reads it: a file would stay open, a stream would never end.
    if (context.req.method === 'HEAD') await context.res.body?.cancel();
  });
  addReads(api, house, live);
  addConfigurations(api, house);
  addFaults(api, house.faults);
  addSeed(api, house.seed);
  // Not `notFound`, which counts in the outermost app alone.
  api.all('*', context => refuse(context, 404, `there is no ${context.req.method} ${context.req.path}`));
  return { api, close: () => live.close() };
};
