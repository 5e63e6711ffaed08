/**
 * What runs while the gate is open: recorder, outbox and instruments of one element. A chunk of its own, so that a
 * closed gate never loads it.
 */
import { remember } from '../delivery/meta.js';
import type { RouteOpening } from '../delivery/rows.js';
import type { Notice } from '../delivery/sender.js';
import { uuid } from '../delivery/uuid.js';
import { version } from '../delivery/version.js';
import type { Attributes, Category } from '../practices/catalog.js';
import { openCategories } from '../practices/gate.js';
import { severity, toKeyValues } from '../practices/otlp.js';
import { createClock } from './clock.js';
import { DeliveredEvent, DroppedEvent } from './delivery-events.js';
import { type Environment, environment, recordSignIn } from './instruments/census.js';
import { observeErrors } from './instruments/errors.js';
import type { RecordEvent } from './instruments/instrument.js';
import { createJoins, reconcile } from './instruments/join.js';
import { observeLaunch } from './instruments/launch.js';
import { recordUsage } from './instruments/usage.js';
import { observeVitals } from './instruments/vitals.js';
import type { Host, Opening, Session } from './opening.js';
import { loadStandby, openOutbox } from './outbox.js';
import { pseudonymize } from './pseudonym.js';
import { createRecorder } from './recorder.js';

/** Random ids of this installation, one for each category that has any, so that the categories cannot be joined. */
interface Device {
  census: string;
  /** Gone when error reporting is closed: after that it is a new device. */
  error: string | undefined;
}

const placeOf = ({ pool, federationPartner }: Host): Attributes => ({
  'meeting.pool': pool || undefined,
  'meeting.federation_partner': federationPartner || undefined,
});

const absolute = (url: string) => url && new URL(url, document.baseURI).href;

const toRoute = (host: Host, opening: Opening, known: Environment, identity: Attributes): RouteOpening => {
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

/**
 * @param opening undefined: the configuration cannot be reached; queue if an earlier answer allows it, send nothing
 * @param choice whether the person opts in to error reporting; undefined: as on an earlier visit
 * @param onClosed the gate has been closed elsewhere: by the worker, or in another tab
 * @returns undefined when it may not even queue
 */
export const openSession = async (
  host: Host,
  opening: Opening | undefined,
  choice: boolean | undefined,
  onClosed: (reason: string) => void,
): Promise<Session | undefined> => {
  const known = await environment();
  const allowed: Opening = opening ?? { categories: ['census', 'usage', 'error'], skewMs: 0 };
  let route = toRoute(host, allowed, known, {});
  const { key } = route;
  if (!opening && !(await (await loadStandby()).holdInGrace(key))) return undefined;

  const ending = new AbortController();
  const { signal } = ending;
  const close = (reason: string) => {
    if (signal.aborted) return;
    ending.abort();
    onClosed(reason);
  };
  const hear = (notice: Notice) => {
    if (notice.type !== 'purged' && notice.route !== key) return;
    switch (notice.type) {
      case 'delivered':
        return host.dispatchEvent(new DeliveredEvent(notice.count));
      case 'dropped':
        return host.dispatchEvent(new DroppedEvent(notice.count, notice.reason));
      case 'choice':
        return reopen(route);
      case 'closed':
        return close(notice.reason);
      default:
        return close(notice.type satisfies 'purged');
    }
  };
  const reportBroken = () => {
    const attributes = { 'telemetry.dropped.reason': 'storage_unavailable', 'telemetry.dropped.count': 0 };
    void record({ name: 'telemetry.dropped', category: 'error', severity: severity.warn, attributes });
  };
  // A configuration that stands in the page holds as long as the page does; nobody else can read it again.
  const refresh = () => (route.configSrc || host.surface === 'client' ? undefined : reopen(route));
  const outbox = await openOutbox({ workerSrc: host.workerSrc, signal, route: () => route, hear, refresh });
  const { queue } = outbox;
  let device: Device | undefined;
  let isOptedIn = false;
  const identify = async (categories: Category[]) => {
    device = await remember<Device>(queue.storage, 'device', ids => ({
      census: ids?.census ?? uuid(),
      error: categories.includes('error') ? (ids?.error ?? uuid()) : undefined,
    }));
  };
  /** On the `client` surface the person decides too, and may do so again and again. */
  const consented = async (categories: Category[], chosen?: boolean) => {
    if (host.surface !== 'client') return categories;
    isOptedIn = !!(await remember<boolean>(queue.storage, 'errorReportingOptIn', () => chosen));
    // What takes the choice back must be here when the network is not.
    if (isOptedIn) void loadStandby().catch(() => {});
    const { surface, disableAutomaticSendTracing } = host;
    return openCategories({ surface, disableAutomaticSendTracing, errorReportingOptIn: isOptedIn, flag: false });
  };
  const open = async (current: Opening, chosen?: boolean) => {
    const { userId, pseudonymKey, pool } = host;
    const categories = await consented(current.categories, chosen);
    await identify(categories);
    const identity = {
      'app.installation.id': device?.census,
      'user.hash': await pseudonymize(userId, pseudonymKey || pool, 'census'),
    };
    route = toRoute(host, { ...current, categories }, known, identity);
    const before = await queue.open(route);
    if (before?.categories.some(category => !categories.includes(category))) {
      await (await loadStandby()).withdraw(queue.storage, route, host);
    }
  };
  /** One after the other, so that the last word counts. A purge in between ends it all. */
  let opened: Promise<unknown> = Promise.resolve();
  const reopen = (current: Opening, chosen?: boolean) => {
    opened = opened.then(() => open(current, chosen)).catch(() => {});
    return opened;
  };
  if (opening) await open(opening, choice);
  else await identify(allowed.categories);

  const {
    record: recordAny,
    count,
    settled,
  } = createRecorder({
    queue,
    route: key,
    clock: createClock(allowed.skewMs),
    isOpen: category => !signal.aborted && route.categories.includes(category),
    resources: route.resources,
    onStored: outbox.nudge,
    onFull: () => outbox.flush('full'),
  });
  const record: RecordEvent = event => {
    const whose = event.name === 'exception' && {
      'user.id': host.userId || undefined,
      'meeting.error.device.id': device?.error,
    };
    return recordAny({ ...event, attributes: { ...event.attributes, ...whose } });
  };
  /** The next flush makes the record; sign-ins since the last one travel with it. */
  const recordCensus = () => count('meeting.census', { 'meeting.sign_in.attempts': 0 });

  if (!queue.storage.durable) reportBroken();
  void recordCensus();
  // The flush sorts in what other pages have posted, results of attempts among them.
  void reconcile(record, { orphans: () => outbox.flush('visit').then(() => queue.joins(key)) });
  const joins = createJoins(record, { signal, count, newId: uuid, context: () => placeOf(host) });
  const launch = observeLaunch(joins, { signal });
  observeVitals(record, { signal });
  return {
    startJoin: launch.start,
    actOnJoin: joins.call,
    click: launch.click,
    recordError: observeErrors(record, { signal, count }),
    recordSignIn: succeeded => void recordSignIn(count, succeeded),
    recordUsage: usage => void recordUsage(count, usage),
    flush: () => settled().then(() => outbox.flush('call')),
    size: () => settled().then(queue.size),
    get isOptedIn() {
      return isOptedIn;
    },
    choose: async chosen => {
      isOptedIn = chosen;
      await reopen(route, chosen);
      outbox.announce({ type: 'choice', route: key });
    },
    update: async changed => {
      if (signal.aborted) return;
      await reopen(changed ?? route);
      if (!changed) await recordCensus();
      void outbox.flush('visit');
    },
    end: () => void settled().finally(() => ending.abort()),
  };
};
