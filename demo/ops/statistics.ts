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

/**
 * Of so many measurements in their order, the two between which a quantile lies with 95 % certainty, whatever their
 * distribution; undefined when they are too few for that. Conover, Practical Nonparametric Statistics, section 3.2, but
 * with the lower rank rounded down: rounded up, four measurements would be sure to 88 % only.
 */
export const quantileRanks = (total: number, q: number): [number, number] | undefined => {
  const spread = z95 * Math.sqrt(total * q * (1 - q));
  const [low, high] = [Math.floor(total * q - spread), Math.ceil(total * q + spread)];
  return low >= 1 && high <= total ? [low, high] : undefined;
};

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] ?? 0;
  return ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
};
