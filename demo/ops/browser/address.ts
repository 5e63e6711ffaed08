import type { Dimension } from './api.js';

/** What the page shows, as its address says it: a link to the page is a link to what one sees. */
export type RangeName = '1h' | '6h' | '24h' | '7d' | '30d' | 'all';

const hourMs = 3_600_000;

export const rangeMs: Record<Exclude<RangeName, 'all'>, number> = {
  '1h': hourMs,
  '6h': 6 * hourMs,
  '24h': 24 * hourMs,
  '7d': 168 * hourMs,
  '30d': 720 * hourMs,
};

export type FilterName = Dimension | 'type' | 'code' | 'result';

export const filterNames: readonly FilterName[] = [
  'pool',
  'method',
  'browser',
  'os',
  'partner',
  'app',
  'type',
  'code',
  'result',
];

export interface View {
  /** Undefined when `from` and `to` say the period. */
  range: RangeName | undefined;
  fromMs: number | undefined;
  toMs: number | undefined;
  filters: Partial<Record<FilterName, string>>;
  synthetic: boolean;
  /** The join whose details stand open. */
  join: string | undefined;
  /** The dimension whose values are listed under "Where not?". */
  by: Dimension;
  /** What of the address cannot be read, as it stands there. */
  unreadable: string | undefined;
}

const dimensions: readonly Dimension[] = ['pool', 'browser', 'os', 'method', 'partner', 'app'];

const isRange = (name: string | null): name is RangeName => name === 'all' || (name !== null && name in rangeMs);

const isDimension = (name: string | null): name is Dimension => dimensions.includes(name as Dimension);

const timeOf = (text: string | null): number | undefined => {
  if (!text) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
};

const readable: Record<string, (text: string) => boolean> = {
  from: text => timeOf(text) !== undefined,
  to: text => timeOf(text) !== undefined,
  range: isRange,
  by: isDimension,
};

/** The first that cannot be read: shown as something else, it would pass for what was asked. */
const unreadableIn = (query: URLSearchParams): string | undefined => {
  const found = Object.entries(readable).find(
    ([name, isReadable]) => query.get(name) && !isReadable(query.get(name) ?? ''),
  );
  return found && `${found[0]}=${query.get(found[0])}`;
};

export const parseAddress = (search: string): View => {
  const query = new URLSearchParams(search);
  const fromMs = timeOf(query.get('from'));
  const toMs = timeOf(query.get('to'));
  const range = query.get('range');
  const by = query.get('by');
  const filters: View['filters'] = {};
  for (const name of filterNames) {
    const value = query.get(name);
    if (value !== null) filters[name] = value;
  }
  const custom = fromMs !== undefined || toMs !== undefined;
  return {
    range: isRange(range) ? range : custom ? undefined : '24h',
    fromMs,
    toMs,
    filters,
    synthetic: query.get('synthetic') === '1',
    join: query.get('join') ?? undefined,
    by: isDimension(by) ? by : 'pool',
    unreadable: unreadableIn(query),
  };
};

const setPeriod = (query: URLSearchParams, view: View): void => {
  if (view.range !== undefined) {
    if (view.range !== '24h') query.set('range', view.range);
    return;
  }
  if (view.fromMs !== undefined) query.set('from', new Date(view.fromMs).toISOString());
  if (view.toMs !== undefined) query.set('to', new Date(view.toMs).toISOString());
};

export const formatAddress = (view: View): string => {
  const query = new URLSearchParams();
  setPeriod(query, view);
  for (const name of filterNames) {
    const value = view.filters[name];
    if (value !== undefined) query.set(name, value);
  }
  if (view.synthetic) query.set('synthetic', '1');
  if (view.by !== 'pool') query.set('by', view.by);
  if (view.join !== undefined) query.set('join', view.join);
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
};

/** The same filters as the API takes them; a relative period becomes absolute at `nowMs`. */
export const toQuery = (view: View, nowMs: number): URLSearchParams => {
  const query = new URLSearchParams();
  const { range } = view;
  if (range !== undefined && range !== 'all') query.set('from', String(nowMs - rangeMs[range]));
  if (range === undefined && view.fromMs !== undefined) query.set('from', String(view.fromMs));
  if (range === undefined && view.toMs !== undefined) query.set('to', String(view.toMs));
  for (const name of filterNames) {
    const value = view.filters[name];
    if (value !== undefined) query.set(name, value);
  }
  if (view.synthetic) query.set('synthetic', '1');
  return query;
};

/** The view with one filter set, or taken away when it is already that. */
export const toggleFilter = (view: View, name: FilterName, value: string): View => {
  const filters = { ...view.filters };
  if (filters[name] === value) delete filters[name];
  else filters[name] = value;
  return { ...view, filters };
};
