/**
 * The operators' side of the harness: `/ops/` and `/api/*` over a collector. `createOps(collector, settings)` is to be
 * mounted at the root; `close()` ends its open streams before the server waits for them.
 */
import { Hono } from 'hono';
import type { Fault } from '../collector/faults.js';
import type { Collector } from '../collector/index.js';
import { isOperatorToken, operatorCookie, requireOperator } from '../collector/operator-token.js';
import type { Settings } from '../collector/settings.js';
import { createApi, type FaultSwitch } from './api.js';
import type { AuditEntry, FaultKind } from './browser/api.js';
import { type ConfigurationBook, isOn, type RawCollection } from './configurations.js';
import { createPages } from './pages.js';
import { seedStore } from './seed.js';
import { openStore } from './store.js';

type OpsSettings = Pick<Settings, 'opsToken' | 'isLoopback' | 'collectorKey'>;

const faultOf: Record<FaultKind, Fault> = {
  none: { kind: 'none' },
  refuse: { kind: 'refuse' },
  '503': { kind: 'answer', status: 503, retryAfterSeconds: 5 },
  '429': { kind: 'answer', status: 429, retryAfterSeconds: 10 },
  delay: { kind: 'delay', delayMs: 5000 },
  lose: { kind: 'lose-answer' },
};

const kindOf = (fault: Fault): FaultKind => {
  if (fault.kind === 'answer') return fault.status === 429 ? '429' : '503';
  return fault.kind === 'lose-answer' ? 'lose' : fault.kind;
};

const toSwitch = ({ faults }: Collector): FaultSwitch => ({
  get: () => kindOf(faults.get()),
  set: kind => faults.set(faultOf[kind]),
});

const flagOf = (collection: RawCollection | undefined): boolean | null =>
  collection === undefined ? null : isOn(collection.MeetingUxEnableTelemetry);

const toBook = ({ configurations }: Collector): ConfigurationBook => ({
  list: async () => [...configurations.list()],
  change: (identity, properties, who) => configurations.patch(identity, properties, who),
  audit: async () => {
    const changes = await configurations.audit();
    return changes.map(
      ({ at, by, identity, before, after }): AuditEntry => ({
        atMs: Date.parse(at),
        who: by,
        identity,
        before: flagOf(before),
        after: flagOf(after),
      }),
    );
  },
});

/** `/ops/?token=…`, as the terminal prints it: the token becomes a cookie and leaves the address at once. */
const addSignIn = (app: Hono, { opsToken, isLoopback }: OpsSettings): void => {
  app.get('/ops/', async (context, next) => {
    const token = context.req.query('token');
    if (token === undefined) return next();
    const clean = new URL(context.req.url);
    clean.searchParams.delete('token');
    if (isOperatorToken(token, opsToken)) {
      const isSecure =
        clean.protocol === 'https:' || (!isLoopback && context.req.header('X-Forwarded-Proto') === 'https');
      context.header('Set-Cookie', operatorCookie(opsToken, isSecure));
    }
    context.header('Referrer-Policy', 'no-referrer');
    context.header('Cache-Control', 'no-store');
    return context.redirect(`/ops/${clean.search}`, 302);
  });
};

export interface Ops {
  app: Hono;
  close(): void;
}

/** A gateway stores nothing, so there is nothing to look at: its pages say so. */
const createEmptyOps = (): Ops => {
  const app = new Hono();
  const words = 'This collector is a gateway: it stores nothing. Look at the next hop.';
  app.get('/ops/', context => context.text(`${words}\n`, 404));
  app.all('/api/*', context => context.json({ error: words }, 404));
  return { app, close: () => {} };
};

export const createOps = (collector: Collector, settings: OpsSettings): Ops => {
  const { store } = collector;
  if (!store) return createEmptyOps();
  const app = new Hono();
  const { api, close } = createApi({
    store: openStore(() => store.connect(), store),
    onStored: listener => store.onStored(listener),
    configurations: toBook(collector),
    authorize: requireOperator(settings.opsToken),
    ...(settings.isLoopback
      ? { faults: toSwitch(collector), seed: () => seedStore(collector, settings.collectorKey, Date.now()) }
      : {}),
  });
  addSignIn(app, settings);
  app.get('/ops', context => {
    // The token may be in it.
    context.header('Referrer-Policy', 'no-referrer');
    context.header('Cache-Control', 'no-store');
    return context.redirect(`/ops/${new URL(context.req.url).search}`, 308);
  });
  // Mounted with its slash, for a page at /ops would take its relative addresses from the root.
  app.route('/ops/', createPages());
  app.route('/api', api);
  return { app, close };
};
