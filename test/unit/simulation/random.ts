/** The one source of chance: everything a schedule does follows from its seed. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** In [0, max). */
  below(max: number): number;
  chance(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
  /** Picks by weight. */
  weigh<T extends string>(weights: Partial<Record<T, number>>): T;
}

/** mulberry32 (github.com/bryc/code, PRNGs): 32 bits of state are enough for schedules of a few hundred steps. */
export const createRandom = (seed: number): Random => {
  let state = Math.imul(seed, 0x9e3779b1) | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (max: number) => Math.floor(next() * max);
  return {
    next,
    below,
    chance: probability => next() < probability,
    pick: choices => choices[below(choices.length)] as (typeof choices)[number],
    weigh: weights => {
      const entries = Object.entries(weights) as [never, number][];
      let left = next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [choice, weight] of entries) {
        left -= weight;
        if (left < 0) return choice;
      }
      return (entries[0] as [never, number])[0];
    },
  };
};
