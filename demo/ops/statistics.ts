import type { Rate } from './browser/api.js';

/** Two-sided 95 %. */
const z95 = 1.959963984540054;
/** Two-sided 99 %: many values are compared at once, so the bar for pointing at one is higher. */
const z99 = 2.5758293035489004;

/**
 * A share with its Wilson score interval, which stays inside 0…1 and stays honest for three joins.
 * https://doi.org/10.1080/01621459.1927.10502953
 */
export const wilson = (hits: number, total: number, z = z95): Rate => {
  if (total <= 0) return { value: null, low: 0, high: 1 };
  const share = hits / total;
  const z2 = z * z;
  const center = share + z2 / (2 * total);
  const spread = z * Math.sqrt((share * (1 - share)) / total + z2 / (4 * total * total));
  const scale = 1 + z2 / total;
  return {
    value: share,
    low: Math.min(share, Math.max(0, (center - spread) / scale)),
    high: Math.max(share, Math.min(1, (center + spread) / scale)),
  };
};

/** Whether the first share is lower than the second beyond chance: a two-proportion z test at 99 %. */
export const isSignificantlyLower = (hits: number, total: number, otherHits: number, otherTotal: number): boolean => {
  if (total < 10 || otherTotal < 10) return false;
  const pooled = (hits + otherHits) / (total + otherTotal);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / total + 1 / otherTotal));
  return error > 0 && (otherHits / otherTotal - hits / total) / error > z99;
};

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] ?? 0;
  return ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
};
