/** What the queue must know of the element: where its entries go, as whom, and in which categories. */
import { remember } from '../delivery/meta.js';
import type { Queue } from '../delivery/queue.js';
import type { RouteOpening } from '../delivery/rows.js';
import { uuid } from '../delivery/uuid.js';
import { version } from '../delivery/version.js';
import type { Attributes, Category } from '../practices/catalog.js';
import { openCategories } from '../practices/gate.js';
import { type KeyValue, toKeyValues } from '../practices/otlp.js';
import type { Environment } from './instruments/census.js';
import type { CountedEvent } from './instruments/instrument.js';
import type { Host, Opening } from './opening.js';
import { loadStandby } from './outbox.js';
import { pseudonymize } from './pseudonym.js';

/** Random ids of this installation, one for each category that has any, so that the categories cannot be joined. */
interface Device {
  census: string;
  /** Gone when error reporting is closed: after that it is a new device. */
  error: string | undefined;
}

export const placeOf = ({ pool, federationPartner }: Host): Attributes => ({
  'meeting.pool': pool || undefined,
  'meeting.federation_partner': federationPartner || undefined,
});

const absolute = (url: string) => url && new URL(url, document.baseURI).href;

/** The route, with what only the page knows of it. */
export interface PageRoute extends RouteOpening {
  /** Resource attributes per category. */
  resources: Record<Category, KeyValue[]>;
  /** What counts are sent with: attributes of the record that carries them. */
  frames: Record<CountedEvent, Attributes>;
}

const toRoute = (host: Host, opening: Opening, known: Environment, identity: Attributes): PageRoute => {
  const { pool, site, surface } = host;
  const endpoint = absolute(host.endpoint);
  const configSrc = absolute(host.configSrc);
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
    ...opening,
    key: [endpoint, configSrc, pool, site, surface].join(' ').toLowerCase(),
    endpoint,
    configSrc,
    pool,
    site,
    surface,
    checkedAt: Date.now(),
    held: false,
    resources: { census: resource(known.censusResource), usage: coarse, error: coarse },
    frames: { 'meeting.usage': placeOf(host), 'meeting.census': { ...known.census, ...identity } },
  };
};

export interface RouteKeeper {
  readonly route: PageRoute;
  /** Counts devices per error, and nothing else. */
  readonly errorDevice: string | undefined;
  /** The person's choice on the `client` surface. */
  readonly isOptedIn: boolean;
  /** Makes the ids, where the route itself must not be opened yet. */
  identify(queue: Queue): Promise<void>;
  /**
   * Opens the route, or says what has changed about it. One after the other, so that the last word counts.
   * @param opening as it is, when absent
   * @param choice the person's new choice; undefined: as it was
   */
  open(queue: Queue, opening?: Opening, choice?: boolean): Promise<void>;
}

export const keepRoute = (host: Host, opening: Opening, known: Environment): RouteKeeper => {
  let route = toRoute(host, opening, known, {});
  let device: Device | undefined;
  let isOptedIn = false;
  let opened: Promise<unknown> = Promise.resolve();

  const identify = async ({ storage }: Queue, categories: Category[]) => {
    device = await remember<Device>(storage, 'device', ids => ({
      census: ids?.census ?? uuid(),
      error: categories.includes('error') ? (ids?.error ?? uuid()) : undefined,
    }));
  };
  /** On the `client` surface the person decides too, and may do so again and again. */
  const consented = async ({ storage }: Queue, categories: Category[], choice?: boolean) => {
    const { surface, disableAutomaticSendTracing } = host;
    if (surface !== 'client') return categories;
    isOptedIn = !!(await remember<boolean>(storage, 'errorReportingOptIn', () => choice));
    // What takes the choice back must be here when the network is not.
    if (isOptedIn) void loadStandby().catch(() => {});
    return openCategories({ surface, disableAutomaticSendTracing, errorReportingOptIn: isOptedIn, flag: false });
  };
  const open = async (queue: Queue, current: Opening, choice?: boolean) => {
    const { userId, pseudonymKey, pool } = host;
    const categories = await consented(queue, current.categories, choice);
    await identify(queue, categories);
    const identity = {
      'app.installation.id': device?.census,
      'user.hash': await pseudonymize(userId, pseudonymKey || pool, 'census'),
    };
    route = toRoute(host, { ...current, categories }, known, identity);
    const { before, inherits } = await queue.open(route);
    if (inherits) await (await loadStandby()).takeOver(queue.storage);
    if (before?.categories.some(category => !categories.includes(category))) {
      await (await loadStandby()).withdraw(queue.storage, route, host);
    }
  };

  return {
    get route() {
      return route;
    },
    get errorDevice() {
      return device?.error;
    },
    get isOptedIn() {
      return isOptedIn;
    },
    identify: queue => identify(queue, route.categories),
    open: (queue, changed, choice) => {
      if (choice !== undefined) isOptedIn = choice;
      const run = opened.then(() => open(queue, changed ?? route, choice));
      opened = run.catch(() => {});
      return run;
    },
  };
};
