import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Options, simulate } from './simulate.js';

export const findFailure = async (count: number, options: Options = {}, from = 1) => {
  for (let seed = from; seed < from + count; seed++) {
    const outcome = await simulate(seed, options);
    if (outcome.violation) return outcome;
  }
  return undefined;
};

export const how = (seed: number) => `replay: npm run simulate -- --seed ${seed}`;

/** Half of 20 000, each in a file of its own, for files share the processor's cores. */
const schedulesAtOnce = 10_000;

export const testSchedules = (from: number): void => {
  const to = from + schedulesAtOnce - 1;
  test(`holds in the schedules ${from} to ${to}`, async () => {
    const failure = await findFailure(schedulesAtOnce, {}, from);
    assert.equal(failure?.violation, undefined, failure && how(failure.seed));
  });
};
