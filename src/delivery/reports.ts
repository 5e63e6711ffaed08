/** Makes records of the losses that a route has counted and none tells of yet. */
import {
  type Attributes,
  type Category,
  type EventName,
  type KeyValue,
  toAnyValue,
  toKeyValues,
} from '../practices/index.js';
import { inbox, type Route, type RouteOpening, toEntry } from './rows.js';
import type { Storage } from './storage.js';
import { uuid } from './uuid.js';

/** A route, with what its records are sent with. */
export interface Reporting extends RouteOpening {
  /** Resource attributes per category. */
  resources: Record<Category, KeyValue[]>;
  /** What counts are sent with: attributes of the record that carries them. */
  frames: Partial<Record<EventName, Attributes>>;
}

export const isUntold = ({ kept = {}, counters }: Route): boolean =>
  !!counters?.length || Object.values(kept).some(({ untold }) => Object.keys(untold).length > 0);

type Report = [Category, EventName, Attributes];

const toReports = ({ kept = {}, counters = [] }: Route, { categories, frames }: Reporting): Report[] => [
  ...categories.flatMap(category =>
    Object.entries(kept[category]?.untold ?? {}).map(([reason, count]): Report => {
      const attributes = { 'telemetry.dropped.reason': reason, 'telemetry.dropped.count': count };
      return [category, 'telemetry.dropped', attributes];
    }),
  ),
  // Summed by 0.1.0 and inherited.
  ...counters.map(({ event, name, by }): Report => {
    const category = event === 'meeting.census' ? 'census' : 'usage';
    return [category, event, { ...frames[event], [name]: by }];
  }),
];

/**
 * One transaction, so that nothing is told twice. Not while the collector is gone or does not take anything: reports would
 * pile up.
 * @param now by this computer's date, milliseconds since the epoch
 * @returns whether there were any
 */
export const tell = ({ transact }: Storage, by: Reporting, now: number, newId = uuid): Promise<boolean> =>
  transact(async tx => {
    const route = await tx.get<Route>('routes', by.key);
    if (!route || route.stopped || route.attempts || !isUntold(route)) return false;
    const items = toReports(route, by).map(([category, event, attributes]) => ({
      entry: toEntry({
        uid: newId(),
        route: by.key,
        category,
        event,
        recordedAt: now + by.skewMs,
        attributes: toKeyValues(attributes, (value, name) => toAnyValue(value, name === 'meeting.minutes')),
        resource: by.resources[category],
      }),
    }));
    for (const kept of Object.values(route.kept ?? {})) kept.untold = {};
    route.counters = [];
    tx.put('routes', route, by.key);
    tx.put('entries', { lane: inbox, route: by.key, addition: { items, drops: [] } });
    return true;
  });
