import type { Language } from '../../browser/language.js';

/** Numbers and times in the reader's language. One per language; making an `Intl` formatter is not cheap. */
export interface Format {
  count(n: number): string;
  /** A share as a percentage; "—" for none. */
  percent(share: number | null, digits?: number): string;
  /** From one share to another, as percentages. */
  percents(low: number, high: number): string;
  /** A difference of shares in percentage points, always signed. */
  points(difference: number): string;
  time(ms: number): string;
  /** Time to the second, and the day when it is not today. */
  instant(ms: number): string;
  /** Time, and the day when it is not today. */
  moment(ms: number): string;
  /** From one moment to another, with the day when it is not today. */
  span(fromMs: number, toMs: number): string;
  /** A bucket's start, as fine as the step needs. */
  bucket(ms: number, stepMs: number): string;
  /** A length of time, in the unit that fits. */
  duration(ms: number | null): string;
  /** A difference of two lengths of time, always signed. */
  longer(ms: number): string;
  /** Whose clock the times are of. */
  zone: string;
}

const dayMs = 86_400_000;

const unitsIn = (language: Language): readonly [number, string][] => [
  [dayMs, language === 'it' ? 'g' : 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
];

const makeFormat = (language: Language): Format => {
  const locale = language === 'it' ? 'it-IT' : 'en-GB';
  // Italian groups from five digits on unless it is told to.
  const count = new Intl.NumberFormat(locale, { useGrouping: 'always' });
  const units = unitsIn(language);
  const one = new Intl.NumberFormat(locale, { minimumFractionDigits: 0, maximumFractionDigits: 1 });
  const signed = new Intl.NumberFormat(locale, {
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
    signDisplay: 'exceptZero',
  });
  const time = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  const short = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' });
  const long = new Intl.DateTimeFormat(locale, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
  });
  const day = new Intl.DateTimeFormat(locale, { weekday: 'short', day: 'numeric', month: 'short' });
  const percent = (share: number | null, digits = 1): string =>
    share === null
      ? '—'
      : `${new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(share * 100)}\u202f%`;
  const duration = (ms: number | null): string => {
    if (ms === null) return '—';
    const [unitMs, unit] = units.find(([size]) => ms >= size) ?? [1, 'ms'];
    return `${unitMs === 1 ? count.format(Math.round(ms)) : one.format(ms / unitMs)}\u202f${unit}`;
  };
  const isToday = (ms: number): boolean => new Date(ms).toDateString() === new Date().toDateString();
  return {
    count: n => count.format(n),
    percent,
    percents: (low, high) => `${percent(low).replace(/\D+$/, '')}–${percent(high)}`,
    points: difference => signed.format(difference * 100).replace('-', '−'),
    time: ms => time.format(ms),
    instant: ms => (isToday(ms) ? time.format(ms) : `${day.format(ms)}, ${time.format(ms)}`),
    moment: ms => (isToday(ms) ? short.format(ms) : `${day.format(ms)}, ${short.format(ms)}`),
    span: (fromMs, toMs) => (isToday(fromMs) ? short : long).formatRange(fromMs, toMs),
    bucket: (ms, stepMs) =>
      stepMs >= dayMs ? day.format(ms) : `${isToday(ms) ? '' : `${day.format(ms)}, `}${short.format(ms)}`,
    duration,
    longer: ms => `${ms < 0 ? '−' : '+'}${duration(Math.abs(ms))}`,
    zone: new Intl.DateTimeFormat(locale).resolvedOptions().timeZone,
  };
};

const formats = new Map<Language, Format>();

export const formatIn = (language: Language): Format => {
  const known = formats.get(language) ?? makeFormat(language);
  formats.set(language, known);
  return known;
};
