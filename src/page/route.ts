/** What the queue must know of the element: where its entries go, as whom, and in which categories. */
import { remember } from '../delivery/meta.js';
import type { Queue } from '../delivery/queue.js';
import type { Reporting } from '../delivery/reports.js';
import { uuid } from '../delivery/uuid.js';
import { version } from '../delivery/version.js';
import type { Attributes } from '../practices/catalog.js';
import { openCategories } from '../practices/gate.js';
import { toKeyValues } from '../practices/otlp.js';
import type { Environment } from './instruments/census.js';
import type { Host } from './opening.js';
import { loadStandby } from './outbox.js';
import { toUrl } from './url.js';

interface Device {
  census: string;
  /** Gone when error reporting is closed: after that it is a new device. */
  error: string | undefined;
}

export const placeOf = ({ pool, federationPartner }: Host): Attributes => ({
  'meeting.pool': pool || undefined,
  'meeting.federation_partner': federationPartner || undefined,
});

/** A chunk of its own, for the pages that know who is signed in. Out of reach, the next visit counts that person. */
const pseudonymOf = async (userId: string, key: string) => {
  const loaded = await import('./pseudonym.js').catch(() => undefined);
  return loaded?.pseudonymize(userId, key, 'census');
};

/** As it is until the flag has been read. */
const toHeldRoute = (host: Host, known: Environment): Reporting => {
  const { pool, site, surface } = host;
  const endpoint = toUrl(host.endpoint);
  const configSrc = toUrl(host.configSrc);
  const resource = (attributes: Attributes) =>
    toKeyValues({
      'service.name': host.appName.slice(0, 64),
      ...attributes,
      'telemetry.sdk.name': 'meeting-join-telemetry',
      'telemetry.sdk.version': version,
      'telemetry.sdk.language': 'webjs',
    });
  const coarse = resource(known.resource);
  return {
    key: [endpoint, configSrc, pool, site, surface].join(' ').toLowerCase(),
    endpoint,
    configSrc,
    pool,
    site,
    surface,
    categories: ['census', 'usage', 'error'],
    skewMs: 0,
    checkedAt: 0,
    held: true,
    resources: { census: resource(known.censusResource), usage: coarse, error: coarse },
    frames: {},
  };
};

export interface RouteKeeper {
  readonly route: Reporting;
  /** Random ids of this installation, one for each category that has any, so that the categories cannot be joined. */
  device?: Device | undefined;
  /** The person's choice on the `client` surface. */
  isOptedIn: boolean;
  /**
   * Opens the route, or says what has changed about it. One after the other, so that the last word counts.
   * @param skewMs of the flag's last reading; undefined: as it was, and while there was none the route stays held
   * @param choice the person's new choice; undefined: as it was
   */
  open(queue: Queue, skewMs?: number, choice?: boolean): Promise<void>;
}

export const keepRoute = (host: Host, known: Environment): RouteKeeper => {
  const route = toHeldRoute(host, known);
  let opened: Promise<unknown> = Promise.resolve();

  /** On the `client` surface the person decides too, and may do so again and again. */
  const consented = async ({ storage }: Queue, choice?: boolean) => {
    const { surface, disableAutomaticSendTracing } = host;
    if (surface === 'client') {
      keeper.isOptedIn = !!(await remember<boolean>(storage, 'errorReportingOptIn', () => choice));
      // What takes the choice back must be here when the network is not.
      if (keeper.isOptedIn) void loadStandby().catch(() => {});
    }
    return openCategories({ surface, disableAutomaticSendTracing, errorReportingOptIn: keeper.isOptedIn, flag: true });
  };
  const open = async (queue: Queue, choice?: boolean) => {
    const { userId, pseudonymKey, pool } = host;
    const categories = await consented(queue, choice);
    keeper.device = await remember<Device>(queue.storage, 'device', ids => ({
      census: ids?.census ?? uuid(),
      error: categories.includes('error') ? (ids?.error ?? uuid()) : undefined,
    }));
    const identity = {
      'app.installation.id': keeper.device?.census,
      'user.hash': userId ? await pseudonymOf(userId, pseudonymKey || pool) : undefined,
    };
    route.frames = { 'meeting.usage': placeOf(host), 'meeting.census': { ...known.census, ...identity } };
    if (route.held) return;
    Object.assign(route, { categories, checkedAt: Date.now() });
    const { before, inherits } = await queue.open(route);
    if (inherits) await (await loadStandby()).takeOver(queue.storage);
    if (before?.categories.some(category => !categories.includes(category))) {
      await (await loadStandby()).withdraw(queue.storage, route, host);
    }
  };

  const keeper: RouteKeeper = {
    route,
    isOptedIn: false,
    open: (queue, skewMs, choice) => {
      if (skewMs !== undefined) Object.assign(route, { skewMs, held: false });
      keeper.isOptedIn = choice ?? keeper.isOptedIn;
      const run = opened.then(() => open(queue, choice));
      opened = run.catch(() => {});
      return run;
    },
  };
  return keeper;
};
