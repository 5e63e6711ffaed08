/**
 * What runs while the gate is open: recorder, outbox and instruments of one element. A chunk of its own, so that a
 * closed gate never loads it.
 */
import { createQueue, limits, openIndexedDb, type RouteOpening, uuid, version } from '../delivery/index.js';
import { type Attributes, type Category, severity, toKeyValues } from '../practices/index.js';
import { createClock } from './clock.js';
import { type Environment, environment, recordSignIn } from './instruments/census.js';
import { observeErrors } from './instruments/errors.js';
import type { RecordEvent } from './instruments/instrument.js';
import { createJoins, reconcile } from './instruments/join.js';
import { observeLaunch } from './instruments/launch.js';
import { recordUsage } from './instruments/usage.js';
import { observeVitals } from './instruments/vitals.js';
import { type Opening, type OpenSession, routeKeyOf } from './opening.js';
import { openOutbox } from './outbox.js';
import { pseudonymize } from './pseudonym.js';
import { createRecorder, type Recorder } from './recorder.js';

/** Random ids of this installation, one for each category that has any, so that the categories cannot be joined. */
interface Device {
  census: string;
  error: string;
}

const sdk = {
  'telemetry.sdk.name': 'meeting-join-telemetry',
  'telemetry.sdk.version': version,
  'telemetry.sdk.language': 'webjs',
};

const placeOf = ({ pool, federationPartner }: Opening): Attributes => ({
  'meeting.pool': pool || undefined,
  'meeting.federation_partner': federationPartner || undefined,
});

const toRoute = (opening: Opening, known: Environment, identity: Attributes): RouteOpening => {
  const { endpoint, configSrc, pool, site, surface, categories, skewMs } = opening;
  const resource = (attributes: Attributes) =>
    toKeyValues({ 'service.name': opening.appName.slice(0, 64), ...attributes, ...sdk });
  const coarse = resource(known.resource);
  return {
    key: routeKeyOf(opening),
    endpoint,
    configSrc,
    pool,
    site,
    surface,
    categories,
    checkedAt: Date.now(),
    skewMs,
    resources: { census: resource(known.censusResource), usage: coarse, error: coarse },
    frames: { 'meeting.usage': placeOf(opening), 'meeting.census': { ...known.census, ...identity } },
  };
};

/** Whether an earlier open answer allows events to be queued, not sent, while the configuration cannot be reached. */
const isInGrace = async (key: string): Promise<boolean> => {
  const storage = await openIndexedDb(false).catch(() => undefined);
  if (!storage) return false;
  const route = (await createQueue(storage, uuid).routes()).find(known => known.key === key);
  storage.close();
  const ageMs = Date.now() - (route?.checkedAt ?? Number.NEGATIVE_INFINITY);
  return ageMs >= 0 && ageMs < limits.gateGraceMs;
};

const startInstruments = (record: RecordEvent, { count }: Recorder, signal: AbortSignal, context: () => Attributes) => {
  const joins = createJoins(record, { signal, count, newId: uuid, context });
  const launch = observeLaunch(joins, { signal });
  observeVitals(record, { signal });
  return {
    startJoin: launch.start,
    actOnJoin: joins.call,
    click: launch.click,
    recordError: observeErrors(record, { signal, count }),
    recordSignIn: recordSignIn.bind(null, count),
    recordUsage: recordUsage.bind(null, count),
  };
};

export const openSession: OpenSession = async (opening, isHeld, onNotice) => {
  const key = routeKeyOf(opening);
  if (isHeld && !(await isInGrace(key))) return undefined;

  const ending = new AbortController();
  const { signal } = ending;
  const known = await environment();
  let current = opening;
  let route = toRoute(current, known, {});

  const outbox = await openOutbox({
    workerSrc: opening.workerSrc,
    signal,
    route: () => route,
    onNotice: notice => {
      if (notice.type === 'purged' || (notice.type === 'closed' && notice.route === key)) ending.abort();
      if (notice.type === 'purged' || notice.route === key) onNotice(notice);
    },
    onBroken: () => {
      const attributes = { 'telemetry.dropped.reason': 'storage_unavailable', 'telemetry.dropped.count': 0 };
      setTimeout(() =>
        recorder.record({ name: 'telemetry.dropped', category: 'error', severity: severity.warn, attributes }),
      );
    },
  });
  const { queue } = outbox;
  const device = await queue.remember<Device>('device', ids => ids ?? { census: uuid(), error: uuid() });
  const reopen = async () => {
    const { userId, pseudonymKey, pool } = current;
    route = toRoute(current, known, {
      'app.installation.id': device?.census,
      'user.hash': await pseudonymize(userId, pseudonymKey || pool, 'census'),
    });
    await queue.open(route);
  };
  if (isHeld) await queue.update(key, () => ({ held: true }));
  else await reopen();

  const recorder = createRecorder({
    queue,
    route: key,
    clock: createClock(opening.skewMs),
    isOpen: (category: Category) => !signal.aborted && current.categories.includes(category),
    resources: route.resources,
    onStored: outbox.nudge,
  });
  const record: RecordEvent = event => {
    if (event.name !== 'exception') return recorder.record(event);
    const whose = { 'user.id': current.userId || undefined, 'meeting.error.device.id': device?.error };
    return recorder.record({ ...event, attributes: { ...event.attributes, ...whose } });
  };
  const recordCensus = () => recorder.count('meeting.census', { 'meeting.sign_in.attempts': 0 });

  void reconcile(record, { orphans: () => queue.joins(key) });
  void recordCensus();
  void outbox.flush('visit');
  return {
    ...startInstruments(record, recorder, signal, () => placeOf(current)),
    flush: async () => {
      await recorder.settled();
      return outbox.flush('call');
    },
    size: async () => {
      await recorder.settled();
      return queue.size();
    },
    update: async changed => {
      const isSomeoneElse = changed.userId !== current.userId;
      current = changed;
      await reopen();
      if (isSomeoneElse) await recordCensus();
      void outbox.flush('visit');
    },
    end: () => ending.abort(),
  };
};
