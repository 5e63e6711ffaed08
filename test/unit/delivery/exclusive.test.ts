import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createExclusively } from '#src/delivery/exclusive.js';
import { limits } from '#src/delivery/limits.js';
import { createMemoryStorage } from '#src/delivery/memory.js';

/** Without locks, as in insecure contexts: the simulation has both. */
const open = () => {
  const storage = createMemoryStorage();
  const clock = { now: 1_000_000 };
  let turns = 0;
  const sender = (name: string) =>
    createExclusively(
      storage,
      () => `${name}/${++turns}`,
      () => clock.now,
      undefined,
    );
  return { clock, sender };
};

const never = new Promise<never>(() => {});

test('one at a time, and the next as soon as it is done', async () => {
  const { sender } = open();
  const [first, second] = [sender('first'), sender('second')];
  let hadOther: boolean | undefined;
  const nothing = async () => {};
  assert.equal(
    await first(async () => {
      hadOther = await second(nothing);
    }),
    true,
  );
  assert.equal(hadOther, false);
  assert.equal(await second(nothing), true);
});

test('a dead sender holds the others up for one lease', async () => {
  const { clock, sender } = open();
  await new Promise<void>(resolve => {
    void sender('dead')(() => {
      resolve();
      return never;
    });
  });
  assert.equal(await sender('next')(async () => {}), false);
  clock.now += limits.leaseMs;
  assert.equal(await sender('next')(async () => {}), true);
});

test('one that wakes up late learns that its turn is over, even if its own next turn is on', async () => {
  const { clock, sender } = open();
  const slow = sender('slow');
  let renewed: boolean | undefined;
  await slow(async renew => {
    clock.now += limits.leaseMs;
    await slow(async () => {
      renewed = await renew();
    });
  });
  assert.equal(renewed, false);
});

test('lets go when the work fails', async () => {
  const { sender } = open();
  await assert.rejects(
    sender('first')(() => Promise.reject(new Error('no'))),
    /no/,
  );
  assert.equal(await sender('second')(async () => {}), true);
});
