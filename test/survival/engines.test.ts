/** What every other case builds on: profiles that outlive the browser, whatever ended it. */
import { strict as assert } from 'node:assert';
import { survivalTest } from '../support/survival.js';

const countVisits = async (): Promise<number> => {
  const opening = indexedDB.open('visits', 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore('visits', { autoIncrement: true });
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
  const transaction = database.transaction('visits', 'readwrite');
  transaction.objectStore('visits').add(Date.now());
  const counting = transaction.objectStore('visits').count();
  await new Promise(resolve => {
    transaction.oncomplete = resolve;
  });
  return counting.result;
};

survivalTest('the profile outlives a kill and a graceful quit', async ({ collector, start }) => {
  const url = `${collector.origin}/page?bare`;
  for (const [visits, end] of [
    [1, 'kill'],
    [2, 'quit'],
    [3, 'kill'],
  ] as const) {
    const browser = await start();
    const page = await browser.open(url);
    assert.equal(await page.evaluate(countVisits), visits);
    await browser[end]();
  }
});
