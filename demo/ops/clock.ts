/** Where days begin: the reader's are not UTC's, and twice a year one has 23 hours or 25. */
import { type Sql, sql } from './sql.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Changes lie further apart than this in every zone there is. */
const scanMs = 7 * dayMs;

/** How far the zone's clocks are ahead of UTC at a moment. */
export type Clock = (ms: number) => number;

export const utc: Clock = () => 0;

/** @throws RangeError when there is no such zone */
export const clockOf = (zone: string): Clock => {
  const format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
  return ms => {
    const name = format.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)/.exec(name) ?? [];
    const aheadMs = Number(hours ?? 0) * hourMs + Number(minutes ?? 0) * 60_000;
    return sign === '-' ? -aheadMs : aheadMs;
  };
};

/** The first moment after `fromMs`, to the second, at which the clock is no longer as it was then. */
const changeWithin = (clock: Clock, fromMs: number, toMs: number): number => {
  let [before, after] = [fromMs, toMs];
  while (after - before > 1000) {
    const middle = Math.floor((before + after) / 2000) * 1000;
    if (middle <= before) break;
    if (clock(middle) === clock(fromMs)) before = middle;
    else after = middle;
  }
  return after;
};

const readChanges = (clock: Clock, fromMs: number, toMs: number): number[] => {
  const changes: number[] = [];
  for (let ms = fromMs; ms < toMs; ms += scanMs) {
    const endMs = Math.min(ms + scanMs, toMs);
    if (clock(ms) !== clock(endMs)) changes.push(changeWithin(clock, ms, endMs));
  }
  return changes;
};

/** Stretches of time of one length by a clock's face; from a day on, each as long as its days are. */
export interface Grid {
  /** The place of `at_ms` among them, as SQL. */
  place: Sql;
  /** Their places in the period, and when each begins. */
  stretches: { place: number; atMs: number }[];
}

export const gridOf = (clock: Clock, [fromMs, toMs]: [number, number], stepMs: number): Grid => {
  // An hour that comes twice must not become a bar twice as high, so what is shorter than a day keeps one offset.
  const steady: Clock = stepMs < dayMs ? () => clock(fromMs) : clock;
  const changes = stepMs < dayMs ? [] : readChanges(clock, fromMs, toMs);
  const offsets = changes.map(ms => `when at_ms < ${ms} then ${steady(ms - 1)}`).join(' ');
  const last = steady(toMs);
  const stretches = [];
  const end = toMs + last;
  for (let face = Math.floor((fromMs + steady(fromMs)) / stepMs) * stepMs; face < end; face += stepMs) {
    stretches.push({ place: face / stepMs, atMs: face - steady(face - steady(face)) });
  }
  const shift = changes.length === 0 ? `${last}` : `case ${offsets} else ${last} end`;
  return { place: sql(`(at_ms + ${shift}) // ?`, stepMs), stretches };
};
