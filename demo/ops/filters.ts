import type { Dimension } from './browser/api.js';
import { type Clock, clockOf } from './clock.js';

export const dimensions: readonly Dimension[] = ['pool', 'method', 'browser', 'os', 'partner', 'app'];

/** What to look at, as the URL of the console and of every `/api` read says it. */
export interface Filters {
  /** Undefined: since ever. */
  fromMs: number | undefined;
  /** Exclusive. Undefined: until now, the future of wrong clocks included. */
  toMs: number | undefined;
  equals: Partial<Record<Dimension | 'type' | 'code' | 'result', string>>;
  /** Count synthetic joins too. */
  synthetic: boolean;
  /** By whose clock days begin; UTC's when absent. */
  clock?: Clock;
}

const names = [...dimensions, 'type', 'code', 'result'] as const;

/** `Date` alone would read "pool 5" as a day of 2001. */
const isoPattern = /^[+-]?\d{4,6}-\d\d/;

/** Milliseconds since the epoch, or an ISO date; undefined when absent, a reason when neither. */
const parseTime = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined || text === '') return undefined;
  const ms = /^-?\d+$/.test(text) ? Number(text) : Date.parse(isoPattern.test(text) ? text : '');
  if (Number.isNaN(ms) || Math.abs(ms) > 8.64e15)
    throw new RangeError(`${name} is neither milliseconds nor an ISO date: write it like 2026-01-31T09:00:00Z`);
  return ms;
};

const switches: ReadonlyMap<string | undefined, boolean> = new Map([
  [undefined, false],
  ['', false],
  ['0', false],
  ['false', false],
  ['1', true],
  ['true', true],
]);

const parseSwitch = (name: string, text: string | undefined): boolean => {
  const isOn = switches.get(text);
  if (isOn === undefined) throw new RangeError(`${name} is 1 or 0`);
  return isOn;
};

const parseZone = (zone: string | undefined): Clock => {
  try {
    return clockOf(zone || 'UTC');
  } catch {
    throw new RangeError('zone is no time zone: name one like Europe/Rome');
  }
};

/** @throws RangeError whose message names the parameter, fit to be shown. */
export const parseFilters = (query: Record<string, string>): Filters => {
  const equals: Filters['equals'] = {};
  for (const name of names) {
    const value = query[name];
    if (value !== undefined) equals[name] = name === 'pool' ? value.toLowerCase() : value;
  }
  const fromMs = parseTime('from', query.from);
  const toMs = parseTime('to', query.to);
  if (fromMs !== undefined && toMs !== undefined && toMs <= fromMs) throw new RangeError('to must be later than from');
  return { fromMs, toMs, equals, synthetic: parseSwitch('synthetic', query.synthetic), clock: parseZone(query.zone) };
};
