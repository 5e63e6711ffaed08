import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createExclusively } from '#src/delivery/exclusive.js';
import { limits } from '#src/delivery/limits.js';
import { createMemoryStorage } from '#src/delivery/memory.js';

/** Without locks, as in insecure contexts: the simulation has both. */
const open = () => {
  const storage = createMemoryStorage();
  const clock = { now: 1_000_000 };
  const sender = (name: string) => createExclusively(storage, name, () => clock.now, undefined);
  return { clock, sender };
};

const never = new Promise<never>(() => {});

test('one at a time, and the next as soon as it is done', async () => {
  const { sender } = open();
  const [first, second] = [sender('first'), sender('second')];
  const tried = await first(async () => ({ other: await second(async () => 'second') }));
  assert.deepEqual(tried, { other: undefined });
  assert.equal(await second(async () => 'second'), 'second');
});

test('a dead sender holds the others up for one lease', async () => {
  const { clock, sender } = open();
  await new Promise<void>(resolve => {
    void sender('dead')(() => {
      resolve();
      return never;
    });
  });
  assert.equal(await sender('next')(async () => 'sent'), undefined);
  clock.now += limits.leaseMs;
  assert.equal(await sender('next')(async () => 'sent'), 'sent');
});

test('one that wakes up late learns that its turn is over, even if its own next turn is on', async () => {
  const { clock, sender } = open();
  const slow = sender('slow');
  const renewed = await slow(async renew => {
    clock.now += limits.leaseMs;
    return slow(() => renew());
  });
  assert.equal(renewed, false);
});

test('lets go when the work fails', async () => {
  const { sender } = open();
  await assert.rejects(
    sender('first')(() => Promise.reject(new Error('no'))),
    /no/,
  );
  assert.equal(await sender('second')(async () => 'sent'), 'sent');
});
