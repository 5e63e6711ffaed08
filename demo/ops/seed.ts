import type { Collector } from '../collector/index.js';
import { ingest } from '../collector/ingest.js';
import { defaultLimits } from '../collector/limits.js';
import { parseCollectorKey } from '../collector/pseudonym.js';
import type { EventRow } from '../collector/schema.js';
import { makeTraffic, seededPools } from './seed-traffic.js';

/** Rows handed to the store at once; it commits them in groups of its own. */
const rowsAtOnce = 5000;

export interface Seeded {
  records: number;
  stored: number;
}

/**
 * Fills the store with a made-up week. The beacons go through the collector's own ingest, and only the time at which
 * each arrived is made up as well: posted now, a week's beacons would all be late.
 */
export const seedStore = async (collector: Collector, collectorKey: string, nowMs: number): Promise<Seeded> => {
  const { store, configurations } = collector;
  if (!store) throw new Error('A gateway stores nothing, so there is nothing to seed.');
  for (const pool of seededPools) {
    const identity = `Service:WebServer:${pool}`;
    const known = configurations.get(identity);
    if (known?.MeetingUxEnableTelemetry !== true) {
      await configurations.patch(identity, { MeetingUxEnableTelemetry: true }, 'npm run seed');
    }
  }
  const pseudonymizer = parseCollectorKey(collectorKey);
  const seeded: Seeded = { records: 0, stored: 0 };
  let rows: EventRow[] = [];
  const flush = async (): Promise<void> => {
    const added = await store.add(rows);
    if (typeof added === 'string') throw new Error(`The store takes nothing at present (${added}).`);
    seeded.records += rows.length;
    seeded.stored += added.stored;
    rows = [];
  };
  for (const { request, receivedAtMs } of makeTraffic(nowMs, nowMs)) {
    rows.push(...(ingest(request, { receivedAt: receivedAtMs, pseudonymizer, limits: defaultLimits })?.rows ?? []));
    if (rows.length >= rowsAtOnce) await flush();
  }
  await flush();
  return seeded;
};
