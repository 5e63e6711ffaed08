/** Rows 15 and 16: storage that is full, absent, corrupt, or taken away. */
import { strict as assert } from 'node:assert';
import { statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '../support/answers.js';
import type { Page } from '../support/browser.js';
import { databaseFiles } from '../support/database-files.js';
import {
  assertDeliveredOnce,
  countedLosses,
  droppedAt,
  failJoins,
  failJoinsDurably,
  flush,
  gateOf,
  pageUrl,
  queued,
  readTable,
  settle,
  whenQuiet,
} from '../support/steps.js';
import { survivalTest } from '../support/survival.js';

/** The host page's own database takes so many rows; fewer, when the engine has no more room. @returns how many */
const writeHostData = (page: Page, rows: number, bytesPerRow: number): Promise<number> =>
  page.evaluate(
    async (most, bytes) => {
      const opening = indexedDB.open('host', 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore('rows', { autoIncrement: true });
      await new Promise(resolve => {
        opening.onsuccess = resolve;
      });
      const noise = new Uint8Array(bytes);
      for (let at = 0; at < bytes; at += 65_536) crypto.getRandomValues(noise.subarray(at, at + 65_536));
      const write = (): Promise<boolean> =>
        new Promise(resolve => {
          const transaction = opening.result.transaction('rows', 'readwrite');
          transaction.objectStore('rows').add(noise);
          transaction.oncomplete = () => resolve(true);
          transaction.onabort = () => resolve(false);
        });
      let written = 0;
      while (written < most && (await write())) written += 1;
      opening.result.close();
      localStorage.setItem('host', 'untouched');
      return written;
    },
    rows,
    bytesPerRow,
  );

const countHostRows = (page: Page): Promise<[number, string | null]> =>
  page.evaluate(async () => {
    const opening = indexedDB.open('host', 1);
    await new Promise(resolve => {
      opening.onsuccess = resolve;
    });
    const counting = opening.result.transaction('rows').objectStore('rows').count();
    await new Promise(resolve => {
      counting.onsuccess = resolve;
    });
    opening.result.close();
    return [counting.result, localStorage.getItem('host')];
  });

const deleteHostData = (page: Page): Promise<void> =>
  page.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const deleting = indexedDB.deleteDatabase('host');
        deleting.onsuccess = () => resolve();
        deleting.onerror = () => reject(deleting.error);
      }),
  );

interface Waiting {
  record: { eventName: string };
}

/** What the recorder wrote in one blind write, not yet sorted in by the sender. */
interface Posted {
  addition: { items: { entry: Waiting }[] };
}

const eventsIn = (row: Waiting | Posted): string[] =>
  'addition' in row ? row.addition.items.map(({ entry }) => entry.record.eventName) : [row.record.eventName];

/**
 * Room for so many bytes of the queue, and then what engines do: throw at the request, or abort at the commit. Patched
 * in where no engine can be brought to it: small rows are refused at the commit, and WebKit has no quota to be set.
 */
const fullAfter = (bytes: number, when: 'request' | 'commit'): string => `<script>(() => {
  let room = ${bytes};
  const taken = new WeakMap();
  const sizes = new Map();
  const take = (transaction, by) => {
    if (!taken.has(transaction)) {
      transaction.addEventListener('abort', () => { room += taken.get(transaction); });
      taken.set(transaction, 0);
    }
    taken.set(transaction, taken.get(transaction) + by);
    room -= by;
  };
  const full = () => new DOMException('full', 'QuotaExceededError');
  const { put, delete: remove } = IDBObjectStore.prototype;
  const { commit } = IDBTransaction.prototype;
  IDBObjectStore.prototype.put = function (row, key) {
    if (this.name !== 'entries') return put.call(this, row, key);
    const size = JSON.stringify(row).length;
    take(this.transaction, size);
    if (${when === 'request'} && room < 0) throw full();
    const request = put.call(this, row, key);
    request.addEventListener('success', () => sizes.set(request.result, size));
    return request;
  };
  IDBObjectStore.prototype.delete = function (key) {
    if (this.name === 'entries') take(this.transaction, -(sizes.get(key) ?? 0));
    return remove.call(this, key);
  };
  IDBTransaction.prototype.commit = function () {
    if (room >= 0 || !(taken.get(this) > 0)) return commit.call(this);
    Object.defineProperty(this, 'error', { value: full() });
    this.abort();
  };
})()</script>`;

/** Counts add up and vitals come and go: these are the records that can be counted. */
const isOfJoin = (event: string): boolean => event.startsWith('meeting.join') || event === 'exception';

const account = async (page: Page) => {
  const rows = await readTable<Waiting | Posted>(page, 'entries');
  const kept = rows.flatMap(eventsIn).filter(isOfJoin);
  return { kept, lost: await countedLosses(page, 'storage_full') };
};

const recordJoins = async (page: Page, joins: number): Promise<number> => {
  for (let left = joins; left > 0; left -= 1) await failJoinsDurably(page, 1);
  return joins * 3;
};

/**
 * What could not even be counted is told with the next commit that works.
 * Other records, one count of each join and a few more, may be among the lost.
 */
const assertBalanced = async (page: Page, recordedSoFar: number) => {
  let recorded = recordedSoFar;
  let { kept, lost } = await account(page);
  for (let round = 0; round < 20 && kept.length + lost < recorded; round += 1) {
    await sleep(round * 50);
    await flush(page);
    recorded += await recordJoins(page, 1);
    await flush(page);
    ({ kept, lost } = await account(page));
  }
  const details = kept.filter(event => event === 'exception').length;
  const joins = kept.filter(isOfJoin).length - details;
  assert.ok(lost > 0, 'something had to go');
  assert.ok(joins > details, `${joins} join records and ${details} error details kept`);
  const extra = kept.length + lost - recorded;
  assert.ok(extra >= 0 && extra <= recorded / 3 + 20, `${kept.length} kept + ${lost} counted, of ${recorded}`);
  return recorded;
};

const withoutWorker = { 'worker-src': '' };

survivalTest(
  '15: storage really full: what finds no room is counted, and all of the rest arrives',
  async ({ collector, start }) => {
    // Firefox gives a site half of all temporary storage (in KB), and 10 MB at least.
    const browser = await start({ preferences: { 'dom.quotaManager.temporaryStorage.fixedLimit': 20_480 } });
    // Before anything is stored: Chromium goes by what it knew of the quota for a while.
    await browser.chromium?.overrideQuota(collector.origin, 3_000_000);
    const page = await browser.open(pageUrl(collector, withoutWorker));
    await settle(page, { withWorker: false });
    await whenQuiet(collector);
    collector.answerAlways(status(503));
    const recorded = await recordJoins(page, 20);
    const rows = await writeHostData(page, 300, 100_000);
    const small = await writeHostData(page, 100, 10_000);
    assert.ok(rows < 300 && small < 100, 'the engine has refused');
    const refused = await recordJoins(page, 60);
    assert.deepEqual(await countHostRows(page), [rows + small, 'untouched']);
    await deleteHostData(page);
    const all = await assertBalanced(page, recorded + refused);

    collector.answerAsUsual();
    await collector.whenQueueEmpty(async () => {
      await flush(page);
      return queued(page);
    });
    // A report of losses that found no room itself is counted on the device alone.
    await collector.whenStored(() => droppedAt(collector, 'storage_full') > 0);
    const { lost } = await account(page);
    const stored = [...collector.stored.values()].filter(({ event }) => isOfJoin(event)).length;
    assert.ok(stored + lost >= all, `${stored} stored + ${lost} counted, of ${all}`);
  },
  { except: { webkit: 'its quota cannot be set' } },
);

for (const [when, engines] of [
  ['request', {}],
  ['commit', { chromium: 'a real quota, above', firefox: 'a real quota, above' }],
] as const) {
  survivalTest(
    `15: storage full at the ${when}: the least urgent goes first, counted`,
    async ({ collector, borrow }) => {
      collector.pageHead = fullAfter(25_000, when);
      const page = await (await borrow()).open(pageUrl(collector, withoutWorker));
      await settle(page, { withWorker: false });
      await whenQuiet(collector);
      await writeHostData(page, 1, 100_000);
      collector.answerAlways(status(503, { 'Retry-After': '3600' }));
      await assertBalanced(page, await recordJoins(page, 40));
      assert.deepEqual(await countHostRows(page), [1, 'untouched']);
    },
    { except: engines },
  );
}

survivalTest('16: IndexedDB absent: memory, reported', async ({ collector, borrow }) => {
  collector.pageHead = `<script>Object.defineProperty(globalThis, 'indexedDB', { value: undefined })</script>`;
  const page = await (await borrow()).open(pageUrl(collector));
  const gate = await gateOf(page);
  assert.equal(gate.state, 'open', gate.reason);
  await assertDeliveredOnce(collector, await failJoins(page, 3));
  await collector.whenStored(stored =>
    stored.some(({ attributes }) => attributes['telemetry.dropped.reason'] === 'storage_unavailable'),
  );
});

/** Overwrites every file in which the engine keeps IndexedDB. */
const corrupt = (profileDir: string): number => {
  const files = databaseFiles(profileDir);
  for (const file of files) writeFileSync(file, Buffer.alloc(Math.max(64, statSync(file).size), 0x5a));
  return files.length;
};

survivalTest('16: corrupt files on the disk: the page goes on', async ({ collector, profileDir, start }) => {
  const browser = await start();
  const page = await browser.open(pageUrl(collector));
  await settle(page);
  await whenQuiet(collector);
  collector.answerAlways(status(503));
  await failJoinsDurably(page, 3);
  await browser.kill();
  assert.ok(corrupt(profileDir) > 0, 'there were files to corrupt');
  collector.answerAsUsual();
  const later = await (await start()).open(pageUrl(collector));
  const gate = await gateOf(later);
  assert.equal(gate.state, 'open', gate.reason);
  await assertDeliveredOnce(collector, await failJoins(later, 3), 30_000);
});

survivalTest('16: somebody else deletes the database under an open page', async ({ collector, borrow }) => {
  const browser = await borrow();
  const page = await browser.open(pageUrl(collector));
  await settle(page);
  await whenQuiet(collector);
  const outcome = await page.evaluate(
    () =>
      new Promise<string>(resolve => {
        const request = indexedDB.deleteDatabase('meeting-join-telemetry');
        request.onsuccess = () => resolve('deleted');
        setTimeout(resolve, 5_000, 'blocked');
      }),
  );
  assert.equal(outcome, 'deleted', 'we do not stand in the way');
  const later = await browser.open(pageUrl(collector));
  await settle(later);
  await assertDeliveredOnce(collector, await failJoins(later, 3));
});

survivalTest(
  '16: force-closed by the browser: reopened, and nothing recorded after it is lost unseen',
  async ({ collector, borrow }) => {
    const browser = await borrow();
    const page = await browser.open(pageUrl(collector));
    await settle(page);
    await whenQuiet(collector);
    await browser.chromium?.send(page, 'Storage.clearDataForOrigin', {
      origin: collector.origin,
      storageTypes: 'indexeddb',
    });
    await sleep(300);
    const ids = await failJoins(page, 3);
    await assertDeliveredOnce(collector, ids, 10_000);
  },
  { except: { firefox: 'only CDP closes a database by force', webkit: 'only CDP closes a database by force' } },
);

survivalTest('16: another connection that blocks an upgrade does not hang the page', async ({ collector, borrow }) => {
  const browser = await borrow();
  const host = await browser.open(`${collector.origin}/page?bare`);
  // An old connection that ignores versionchange, while somebody waits to upgrade: opening hangs for all behind it.
  await host.evaluate(async () => {
    const opening = indexedDB.open('meeting-join-telemetry', 1);
    await new Promise(resolve => {
      opening.onsuccess = resolve;
    });
    Object.assign(globalThis, { held: opening.result, waiting: indexedDB.open('meeting-join-telemetry', 7) });
  });
  const page = await browser.open(pageUrl(collector));
  const gate = await gateOf(page);
  assert.equal(gate.state, 'open', gate.reason);
  await assertDeliveredOnce(collector, await failJoins(page, 3));
  assert.ok((await queued(page)) >= 0);
  assert.equal(droppedAt(collector, 'storage_unavailable'), 0);
});
