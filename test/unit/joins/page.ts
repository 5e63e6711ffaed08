/** As much of a page as the instruments touch, for tests without a browser. Import before the instruments. */
import type { TelemetryEvent } from '#src/page/instruments/instrument.js';

export const page = new EventTarget();

const locks = new Map<string, Promise<unknown>>();
const request = async (name: string, options: unknown, run?: (lock: object | null) => unknown): Promise<unknown> => {
  const work = (run ?? options) as (lock: object | null) => unknown;
  if (locks.has(name)) return run ? work(null) : undefined;
  const held = Promise.resolve(work({ name })).finally(() => locks.delete(name));
  locks.set(name, held);
  return held;
};

/** Every page that holds a lock is dead now: what SIGKILL leaves behind. */
export const kill = (): void => locks.clear();

Object.defineProperties(globalThis, {
  addEventListener: { configurable: true, value: page.addEventListener.bind(page) },
  navigator: { configurable: true, value: { onLine: true, locks: { request }, userAgent: '', language: 'en' } },
});

export const leave = (): void => void page.dispatchEvent(new Event('pagehide'));

/** A recorder as instrument.ts asks for one: an array, and the journal of what is open. */
export const createRecorder = () => {
  const events: TelemetryEvent[] = [];
  const open = new Map<string, NonNullable<TelemetryEvent['opens']>>();
  const counts: Record<string, number> = {};
  return {
    events,
    counts,
    named: (name: string) => events.filter(event => event.name === name),
    async record(event: TelemetryEvent) {
      if (event.closes && !open.delete(event.closes)) return;
      if (event.opens) open.set(event.opens.id, event.opens);
      events.push(event);
    },
    async count(_: string, deltas: Record<string, number>) {
      for (const [name, delta] of Object.entries(deltas)) counts[name] = (counts[name] ?? 0) + delta;
    },
    journal: () => [...open.values()],
  };
};
