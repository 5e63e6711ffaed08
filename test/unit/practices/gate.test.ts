import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { openCategories, type Surface, surfaces } from '#src/practices/gate.js';

/** Every row there is: surface, flag, DisableAutomaticSendTracing, individual opt-in, and what is open then. */
const rows: [Surface, boolean, boolean, boolean, string][] = [
  ['join-launcher', false, false, false, ''],
  ['join-launcher', false, false, true, ''],
  ['join-launcher', false, true, false, ''],
  ['join-launcher', false, true, true, ''],
  ['join-launcher', true, false, false, 'census usage error'],
  ['join-launcher', true, false, true, 'census usage error'],
  ['join-launcher', true, true, false, 'census usage error'],
  ['join-launcher', true, true, true, 'census usage error'],
  ['meetings-app', false, false, false, ''],
  ['meetings-app', false, false, true, ''],
  ['meetings-app', false, true, false, ''],
  ['meetings-app', false, true, true, ''],
  ['meetings-app', true, false, false, 'census usage error'],
  ['meetings-app', true, false, true, 'census usage error'],
  ['meetings-app', true, true, false, 'census usage error'],
  ['meetings-app', true, true, true, 'census usage error'],
  ['client', false, false, false, 'census usage'],
  ['client', false, false, true, 'census usage error'],
  ['client', false, true, false, 'census'],
  ['client', false, true, true, 'census'],
  ['client', true, false, false, 'census usage'],
  ['client', true, false, true, 'census usage error'],
  ['client', true, true, false, 'census'],
  ['client', true, true, true, 'census'],
];

for (const [surface, flag, disableAutomaticSendTracing, errorReportingOptIn, open] of rows) {
  const title = `${surface}: flag ${flag}, DisableAutomaticSendTracing ${disableAutomaticSendTracing}, opt-in ${errorReportingOptIn}`;
  test(`${title}: ${open || 'nothing'}`, () => {
    const categories = openCategories({ surface, flag, disableAutomaticSendTracing, errorReportingOptIn });
    equal(categories.join(' '), open);
  });
}

test('the table has every row once', () => {
  equal(new Set(rows.map(row => row.slice(0, 4).join())).size, surfaces.length * 8);
  deepEqual([...new Set(rows.map(([surface]) => surface))], [...surfaces]);
});
