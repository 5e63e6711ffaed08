import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mutants } from './mutants.js';
import { regressions } from './regressions.js';
import { findFailure, how } from './search.js';
import { simulate } from './simulate.js';

/** Most mutants fall within a hundred. */
const mutantSchedules = 5_000;
/** Where the search for the shy ones begins, as long as their seed falls there. */
const startingSeeds: Record<string, number> = {
  'does not listen to purges in other tabs': 1128,
  'leaves records behind when it purges': 2870,
};

test('the same seed gives the same schedule', async () => {
  const [first, second] = [await simulate(7, { isTraced: true }), await simulate(7, { isTraced: true })];
  assert.ok(first.trace.length > 50);
  assert.deepEqual(second, first);
});

for (const [seed, bug] of Object.entries(regressions)) {
  test(`seed ${seed}: ${bug}`, async () => {
    const { violation } = await simulate(Number(seed));
    assert.equal(violation, undefined, how(Number(seed)));
  });
}

for (const [name, mutation] of Object.entries(mutants)) {
  test(`finds a queue that ${name}`, async () => {
    const found = await findFailure(mutantSchedules, { mutation }, startingSeeds[name]);
    assert.ok(found, `${mutantSchedules} schedules and no violation`);
  });
}
