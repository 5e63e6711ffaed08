import { median, wilson } from './statistics.js';

/** What says whether the service failed. */
export interface Judged {
  /** Joins with an outcome the service answers for: success or unexpected failure. */
  judged: number;
  failures: number;
}

/** One bucket of time. */
export interface Health extends Judged {
  atMs: number;
}

export interface Outage {
  fromMs: number;
  toMs: number;
  /** Reaches into the last bucket: it may still be going on. */
  ongoing: boolean;
}

/** Fewer judged joins than this say nothing about a bucket. */
const minJudged = 8;
/** Nor do fewer failures: nobody is to be woken for two. */
const minFailures = 5;
/** Two-sided 99.7 %: a hundred buckets are judged at once, so chance gets a hundred tries. */
const zBucket = 3;
/** How much more than usual must fail before it is called an outage: a twentieth of all joins. */
const marginShare = 0.05;
/** A quiet bucket between two bad ones belongs to the outage. */
const maxGapBuckets = 1;

/** Joins from which on the period before says what is usual. */
const minBefore = 30;

/**
 * The usual failure share: the median of the buckets that say something, so that an outage does not raise it; and no more
 * than in the period before, for of a window that is half outage the median is the outage.
 */
const usualShare = (buckets: readonly Health[], before: Judged | undefined): number => {
  const own = median(
    buckets.filter(({ judged }) => judged >= minJudged).map(({ failures, judged }) => failures / judged),
  );
  return before && before.judged >= minBefore ? Math.min(own, before.failures / before.judged) : own;
};

const isBad = ({ judged, failures }: Health, usual: number): boolean =>
  judged >= minJudged && failures >= minFailures && wilson(failures, judged, zBucket).low > usual + marginShare;

/**
 * Stretches of time in which clearly more joins failed for the service's reasons than usually. "Clearly": even the
 * low end of the 99.7 % interval lies beyond the usual share and a margin, so that three joins never make an outage.
 */
export const findOutages = (buckets: readonly Health[], stepMs: number, before?: Judged): Outage[] => {
  const usual = usualShare(buckets, before);
  const outages: Outage[] = [];
  let quiet = Number.POSITIVE_INFINITY;
  for (const bucket of buckets) {
    if (!isBad(bucket, usual)) {
      quiet++;
      continue;
    }
    const last = outages.at(-1);
    const toMs = bucket.atMs + stepMs;
    if (last && quiet <= maxGapBuckets) last.toMs = toMs;
    else outages.push({ fromMs: bucket.atMs, toMs, ongoing: false });
    quiet = 0;
  }
  const newest = outages.at(-1);
  if (newest && quiet <= maxGapBuckets) newest.ongoing = true;
  return outages;
};
