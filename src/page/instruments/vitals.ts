/**
 * Web vitals, as https://web.dev/articles/vitals defines and rates them: `ttfb` at once, `fcp` with the first paint, all others
 * when the page is hidden, and once more what has changed since when it is hidden again.
 *
 * Not by the web-vitals library, which would be a sixth of all that a page loads; a test holds every value beside the
 * library's, in the same page. Unlike there, a page that comes back from the back/forward cache goes on with the visit it
 * had: it was not loaded again.
 */
import { uuid } from '../../delivery/uuid.js';
import type { InstrumentOptions, RecordEvent } from './instrument.js';

/** Above the first it needs improvement, above the second it is poor; milliseconds, and the score of layout shifts. */
const thresholds = { ttfb: [800, 1800], fcp: [1800, 3000], lcp: [2500, 4000], cls: [0.1, 0.25], inp: [200, 500] };

type Name = keyof typeof thresholds;

/** With what the types observed here have of their own. */
export interface Entry extends PerformanceEntry {
  /** `layout-shift`: its score. */
  value: number;
  hadRecentInput: boolean;
  /** `event`, `first-input`: 0 when it is no part of an interaction. */
  interactionId: number;
}

interface Navigation extends PerformanceNavigationTiming {
  activationStart?: number;
}

/** Interactions that were faster are not looked at, but for the very first: web-vitals' choice. */
const durationThreshold = 40;

/** The score of the worst burst of shifts: in one, none is a second after the one before, nor five after the first. */
export const createShifts = () => {
  let first = 0;
  let last = 0;
  let burst = 0;
  let worst = 0;
  return ({ startTime, value, hadRecentInput }: Entry): number => {
    if (hadRecentInput) return worst;
    if (!burst || startTime - last >= 1_000 || startTime - first >= 5_000) {
      first = startTime;
      burst = 0;
    }
    last = startTime;
    burst += value;
    worst = Math.max(worst, burst);
    return worst;
  };
};

/** The slowest interaction, less one for each fifty there were, ten at most: nearly the 98th percentile. */
export const createInteractions = () => {
  const durations = new Map<number, number>();
  return {
    see: ({ entryType, interactionId, duration }: Entry): undefined => {
      if (interactionId || entryType === 'first-input')
        durations.set(interactionId, Math.max(durations.get(interactionId) ?? 0, duration));
    },
    rank: (): number | undefined => {
      const { interactionCount = 0 } = performance as { interactionCount?: number };
      const slowest = [...durations.values()].sort((one, other) => other - one);
      return slowest[Math.min(slowest.length - 1, 9, Math.floor(interactionCount / 50))];
    },
  };
};

export const observeVitals = (record: RecordEvent, { signal }: InstrumentOptions): void => {
  const [navigation] = performance.getEntriesByType('navigation') as Navigation[];
  // A prerendered page counts from when it was first shown.
  const { activationStart = 0, responseStart = 0, type = 'navigate' } = navigation ?? ({} as Partial<Navigation>);
  const values: Partial<Record<Name, number | undefined>> = {};
  const told: Partial<Record<Name, { id: string; value: number }>> = {};
  const interactions = createInteractions();
  const drains: (() => void)[] = [];
  let hiddenAt = document.hidden ? 0 : Number.POSITIVE_INFINITY;

  const tell = (name: Name) => {
    const value = values[name];
    const before = told[name];
    if (value === undefined || value === before?.value) return;
    const id = before?.id ?? uuid();
    told[name] = { id, value };
    const [fair = 0, poor = 0] = thresholds[name];
    void record({
      name: 'browser.web_vital',
      attributes: {
        'browser.web_vital.name': name,
        'browser.web_vital.value': value,
        'browser.web_vital.delta': value - (before?.value ?? 0),
        'browser.web_vital.id': id,
        'browser.web_vital.rating': value > poor ? 'poor' : value > fair ? 'needs-improvement' : 'good',
        'browser.web_vital.navigation_type': activationStart ? 'prerender' : type.replace('_', '-'),
      },
    });
  };
  /** @returns whether this engine has entries of that type */
  const observe = (entryType: string, name: Name, measure: (entry: Entry) => number | undefined) => {
    const isKnown = PerformanceObserver.supportedEntryTypes.includes(entryType);
    if (isKnown) {
      const take = (entries: PerformanceEntryList) => {
        for (const entry of entries as Entry[]) values[name] = measure(entry) ?? values[name];
        if (name === 'fcp') tell(name);
      };
      const observer = new PerformanceObserver(list => take(list.getEntries()));
      observer.observe({ type: entryType, buffered: true, durationThreshold } as PerformanceObserverInit);
      drains.push(() => take(observer.takeRecords()));
      signal.addEventListener('abort', () => observer.disconnect());
    }
    return isKnown;
  };
  /** Only what was painted before anybody could look away. */
  const paint = ({ startTime }: Entry) => (startTime < hiddenAt ? Math.max(startTime - activationStart, 0) : undefined);
  const hide = ({ timeStamp }: Event) => {
    if (!document.hidden) return;
    for (const drain of drains) drain();
    hiddenAt = Math.min(hiddenAt, timeStamp);
    values.inp = interactions.rank();
    if (values.fcp) for (const name of Object.keys(values)) tell(name as Name);
  };
  if (responseStart) values.ttfb = Math.max(responseStart - activationStart, 0);
  tell('ttfb');
  observe('paint', 'fcp', entry => (entry.name === 'first-contentful-paint' ? paint(entry) : undefined));
  observe('largest-contentful-paint', 'lcp', paint);
  if (observe('layout-shift', 'cls', createShifts())) values.cls = 0;
  for (const entryType of ['event', 'first-input']) observe(entryType, 'inp', interactions.see);
  addEventListener('visibilitychange', hide, { signal, capture: true });
};
