/** Random numbers that are the same for the same seed, so that two people look at the same traffic. */
export interface Random {
  /** 0 ≤ x < 1. */
  next(): number;
  /** Whether something happens that has this chance. */
  chance(share: number): boolean;
  pick<T>(choices: readonly (readonly [T, number])[]): T;
  /** A length of time like joins have: many short, few long. */
  lognormal(median: number, sigma: number): number;
  uuid(): string;
}

/** mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
export const makeRandom = (seed: number): Random => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => Math.floor(next() * 16).toString(16)).join('');
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return {
    next,
    chance: share => next() < share,
    pick: choices => {
      const total = choices.reduce((sum, [, weight]) => sum + weight, 0);
      let left = next() * total;
      for (const [choice, weight] of choices) {
        left -= weight;
        if (left < 0) return choice;
      }
      const last = choices.at(-1);
      if (!last) throw new RangeError('There is nothing to pick from.');
      return last[0];
    },
    lognormal: (median, sigma) => median * Math.exp(sigma * normal()),
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'[Math.floor(next() * 4)]}${hex(3)}-${hex(12)}`,
  };
};
