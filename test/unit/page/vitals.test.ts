/** The two vitals that are sums of many entries, beside the web-vitals library's own over random histories. */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { createInteractions, createShifts, type Entry } from '#src/page/instruments/vitals.js';

const library = (file: string) => import(pathToFileURL(resolve('node_modules/web-vitals/dist/modules/lib', file)).href);

test('layout shifts add up as in the library', async () => {
  const { LayoutShiftManager } = await library('LayoutShiftManager.js');
  const shift = fc.record({
    waitMs: fc.oneof(fc.integer({ min: 1, max: 1_200 }), fc.constantFrom(999, 1_000, 1_001)),
    value: fc.integer({ min: 1, max: 1_000 }).map(thousandths => thousandths / 1_000),
    hadRecentInput: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(shift, { maxLength: 30, size: 'max' }), shifts => {
      const theirs = new LayoutShiftManager();
      const ours = createShifts();
      let startTime = 0;
      let worst = 0;
      for (const { waitMs, ...rest } of shifts) {
        startTime += waitMs;
        const entry = { startTime, ...rest } as Entry;
        theirs._processEntry(entry);
        worst = Math.max(worst, theirs._sessionValue);
        assert.equal(ours(entry), worst);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('interactions are ranked as in the library', async () => {
  const { InteractionManager } = await library('InteractionManager.js');
  const event = fc.record({
    entryType: fc.constantFrom('event', 'event', 'event', 'first-input'),
    interactionId: fc.integer({ min: 0, max: 60 }),
    duration: fc.integer({ min: 1, max: 60 }).map(frames => frames * 8),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200, size: 'max' }), fc.integer({ min: 0, max: 800 }), (events, count) => {
      Object.defineProperty(performance, 'interactionCount', { configurable: true, value: count });
      const theirs = new InteractionManager();
      const ours = createInteractions();
      for (const each of events) {
        const entry = { startTime: 0, ...each } as Entry;
        theirs._processEntry(entry);
        ours.see(entry);
        assert.equal(ours.rank(), theirs._estimateP98LongestInteraction()?._latency);
      }
    }),
    { numRuns: 2_000 },
  );
});
