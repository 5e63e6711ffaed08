/** Real sessions, recorded: nothing joins the categories, and taking it back leaves nothing behind. */
import { strict as assert } from 'node:assert';
import type { MeetingJoinTelemetryElement } from '#src/page/element.js';
import { descriptions } from '#src/practices/catalog-descriptions.js';
import { accept, status } from '../support/answers.js';
import type { Page } from '../support/browser.js';
import { type Beacon, type Collector, configurationOf, poolOn } from '../support/collector.js';
import { survivalTest } from '../support/survival.js';

const pageOf = ({ origin }: Collector, attributes: Record<string, string> = {}) =>
  `${origin}/page?${new URLSearchParams({ 'config-src': '/web-service-configuration.json', pool: poolOn, ...attributes })}`;

const tag = 'meeting-join-telemetry';

/** A busy quarter of a minute of somebody's meeting. */
const useIt = (page: Page): Promise<unknown> =>
  page.evaluate(async (name: string) => {
    const element = document.querySelector<MeetingJoinTelemetryElement>(name);
    if (!element) throw new Error('no element');
    await element.ready;
    element.userId = 'amos.marble@contoso.com';
    element.recordSignIn(true);
    element.recordSignIn(false);
    const first = element.startJoin({ method: 'native' });
    first.stage('validate');
    first.fail({
      type: 'server_busy',
      code: 7,
      message: 'amos.marble@contoso.com at https://meet.contoso.com/amos/K3Y',
    });
    element.startJoin({ method: 'web-app' }).succeed({ confidence: 'confirmed' });
    element.recordUsage({ imSent: 12, imReceived: 5, meetingMinutes: 30, features: { screen_sharing: 2 } });
    element.recordError(new TypeError('sip:amos.marble@contoso.com is undefined'), {
      messageDirection: 'Incoming',
      conversationState: 'Idle',
      conversationThreadId: 'AdDO8hsJqilU93hQHC3OZaPR2saEA==',
    });
    await new Promise(resolve => setTimeout(resolve, 500));
    await element.flush();
  }, tag);

interface WireAttribute {
  key: string;
  value: Record<string, unknown>;
}
interface WireScope {
  scope: { name: string; attributes: WireAttribute[] };
  logRecords: { attributes: WireAttribute[] }[];
}

/** Every attribute on the wire, those of resource and scope included: category, name, value. */
const attributesOf = ({ body }: Beacon): [string, string, string][] => {
  const { resourceLogs } = body as {
    resourceLogs: { resource: { attributes: WireAttribute[] }; scopeLogs: WireScope[] }[];
  };
  return resourceLogs.flatMap(({ resource, scopeLogs }) =>
    scopeLogs.flatMap(({ scope, logRecords }) => {
      const category = scope.name.slice(scope.name.indexOf('/') + 1);
      const all = [resource, scope, ...logRecords].flatMap(({ attributes }) => attributes);
      return all.map(({ key, value }): [string, string, string] => [category, key, `${Object.values(value)[0]}`]);
    }),
  );
};

const isCoarse = (name: string) =>
  name === 'exception.type' ||
  (name !== 'log.record.uid' &&
    (descriptions[name] ?? descriptions[name.replace(/[^.]+$/, '*')])?.sensitivity === 'technical');

survivalTest('no value joins two categories, but the join id of a failed join', async ({ collector, start }) => {
  const browser = await start();
  for (const partner of ['Fabrikam', 'Fabrikam']) {
    const page = await browser.open(pageOf(collector, { 'federation-partner': partner, 'pseudonym-key': 'a key' }));
    await useIt(page);
    await page.close();
  }
  await collector.whenStored(stored => new Set(stored.map(({ category }) => category)).size === 3);
  await collector.whenStored(stored => stored.filter(({ event }) => event === 'meeting.census').length >= 1);

  const homes = new Map<string, Map<string, string>>();
  for (const [category, name, value] of collector.beacons.flatMap(attributesOf)) {
    const found = homes.get(value) ?? new Map<string, string>();
    found.set(isCoarse(name) ? 'coarse' : category, name);
    homes.set(value, found);
  }
  const shared = [...homes].filter(([, found]) => found.size > 1);
  const names = new Set(
    shared.flatMap(([, found]) => [...found.entries()].map(([category, name]) => `${category} ${name}`)),
  );
  assert.deepEqual([...names].sort(), ['error meeting.join.id', 'usage meeting.join.id']);

  const wire = JSON.stringify(collector.beacons.map(({ body }) => body));
  assert.ok(!wire.includes('K3Y') && !wire.includes('meet.contoso.com/amos'), 'the join link is scrubbed');
  const clear = collector.beacons.flatMap(attributesOf).filter(([, , value]) => value.includes('amos.marble'));
  assert.deepEqual([...new Set(clear.map(([category, name]) => `${category} ${name}`))], ['error user.id']);
  const hashes = collector.beacons.flatMap(attributesOf).filter(([, name]) => name === 'user.hash');
  assert.equal(new Set(hashes.map(([, , value]) => value)).size, 1, 'one person, one census pseudonym');
  assert.match(`${hashes[0]?.[2]}`, /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/);
});

/** What is left on the device. */
const leftovers = (page: Page): Promise<number[]> =>
  page.evaluate(async () => [
    (await indexedDB.databases()).length,
    (await navigator.serviceWorker.getRegistrations()).length,
  ]);

const whenClosed = (page: Page): Promise<string> =>
  page.evaluate(async (name: string) => {
    const element = document.querySelector<MeetingJoinTelemetryElement>(name);
    for (let i = 0; i < 500 && element?.gate.state !== 'closed'; i++)
      await new Promise(resolve => setTimeout(resolve, 20));
    return `${element?.gate.state}: ${element?.gate.reason}`;
  }, tag);

const recordOnce = (page: Page): Promise<number> =>
  page.evaluate(async (name: string) => {
    const element = document.querySelector<MeetingJoinTelemetryElement>(name);
    await element?.ready;
    element?.startJoin({ method: 'web-app' }).succeed();
    await new Promise(resolve => setTimeout(resolve, 300));
    return (await element?.queued()) ?? -1;
  }, tag);

const busy = status(503, { 'Retry-After': '600' });

survivalTest('purge() in one tab stops the other, deletes all, and the device is a new one', async scene => {
  const { collector, start } = scene;
  const browser = await start();
  const first = await browser.open(pageOf(collector));
  await useIt(first);
  const isCensus = ({ event }: { event: string }) => event === 'meeting.census';
  await collector.whenStored(stored => stored.some(isCensus));
  const before = [...collector.stored.values()].find(isCensus)?.attributes['app.installation.id'];

  collector.answerAlways(busy);
  const second = await browser.open(pageOf(collector));
  assert.ok((await recordOnce(second)) > 0);
  const receipt = await first.evaluate(
    (name: string) => document.querySelector<MeetingJoinTelemetryElement>(name)?.purge(),
    tag,
  );
  assert.ok((receipt?.records ?? 0) > 0 && receipt?.everything, JSON.stringify(receipt));
  assert.match(await whenClosed(second), /^closed: purged/);
  assert.equal(await recordOnce(second), 0);
  assert.deepEqual(await leftovers(first), [0, 0]);
  const sentUntilNow = collector.beacons.length;
  // An attribute that changes does not undo it.
  await first.evaluate((name: string) => document.querySelector(name)?.setAttribute('app-name', 'Other'), tag);
  await recordOnce(first);
  assert.deepEqual(await leftovers(first), [0, 0]);
  assert.equal(collector.beacons.length, sentUntilNow);

  collector.answerAlways(accept);
  collector.stored.clear();
  const third = await browser.open(pageOf(collector));
  await useIt(third);
  await collector.whenStored(stored => stored.some(isCensus));
  const after = [...collector.stored.values()].find(isCensus)?.attributes['app.installation.id'];
  assert.ok(before && after && before !== after);
});

survivalTest('the flag goes off: the next visit deletes all, in every tab', async ({ collector, start }) => {
  collector.answerAlways(busy);
  const browser = await start();
  const first = await browser.open(pageOf(collector));
  assert.ok((await recordOnce(first)) > 0);
  collector.configuration = configurationOf({ [poolOn]: false });
  const second = await browser.open(pageOf(collector));
  assert.match(await whenClosed(second), /MeetingUxEnableTelemetry is false/);
  assert.match(await whenClosed(first), /^closed/);
  for (let i = 0; i < 50 && (await leftovers(second)).some(Boolean); i++)
    await new Promise(resolve => setTimeout(resolve, 50));
  assert.deepEqual(await leftovers(second), [0, 0]);
});

const optIn = (page: Page, isIn: boolean | undefined): Promise<boolean> =>
  page.evaluate(
    async (name: string, choice: boolean | undefined | null) => {
      const element = document.querySelector<MeetingJoinTelemetryElement>(name);
      if (!element) throw new Error('no element');
      await element.ready;
      if (typeof choice === 'boolean') element.errorReportingOptIn = choice;
      await new Promise(resolve => setTimeout(resolve, 500));
      return element.errorReportingOptIn;
    },
    tag,
    isIn ?? null,
  );

const reportError = (page: Page): Promise<unknown> =>
  page.evaluate(async (name: string) => {
    const element = document.querySelector<MeetingJoinTelemetryElement>(name);
    element?.recordError(new Error(`no ${Math.random()}`));
    element?.recordUsage({ imSent: 1 });
    await new Promise(resolve => setTimeout(resolve, 300));
    await element?.flush();
  }, tag);

const categoriesOf = (beacons: Beacon[]) => new Set(beacons.flatMap(attributesOf).map(([category]) => category));

survivalTest(
  'client surface: error reports only after the opt-in, which is remembered',
  async ({ collector, start }) => {
    const browser = await start();
    const client = pageOf(collector, { surface: 'client' });
    const page = await browser.open(client);
    assert.equal(await optIn(page, undefined), false);
    await reportError(page);
    await collector.whenStored(stored => stored.some(({ category }) => category === 'usage'));
    assert.deepEqual([...categoriesOf(collector.beacons)].sort(), ['census', 'usage']);

    assert.equal(await optIn(page, true), true);
    await reportError(page);
    const [error] = await collector
      .whenStored(stored => stored.some(({ event }) => event === 'exception'))
      .then(stored => stored.filter(({ event }) => event === 'exception'));
    const device = error?.attributes['meeting.error.device.id'];
    assert.ok(device);

    await page.reload();
    assert.equal(await optIn(page, undefined), true, 'remembered');

    const other = await browser.open(client);
    assert.equal(await optIn(other, undefined), true);
    // What is recorded now waits: nobody listens. News of the network lifts that wait, a call too.
    await collector.refuse();
    await reportError(other);
    assert.equal(await optIn(page, false), false);
    assert.equal(await optIn(other, undefined), false, 'the other tab has heard of it');
    collector.beacons.length = 0;
    collector.stored.clear();
    await collector.comeBack();
    await reportError(other);
    await reportError(page);
    await collector.whenStored(stored => stored.some(({ category }) => category === 'usage'));
    const leaked = collector.beacons.flatMap(({ records }) => records).filter(({ category }) => category === 'error');
    assert.deepEqual(leaked, [], 'what waited has been deleted, and nothing new is recorded');

    await optIn(page, true);
    await reportError(page);
    const again = await collector.whenStored(stored => stored.some(({ event }) => event === 'exception'), 20_000);
    const next = again.find(({ event }) => event === 'exception')?.attributes['meeting.error.device.id'];
    assert.ok(next && next !== device, 'a new device');
  },
);

survivalTest('client surface: DisableAutomaticSendTracing leaves census alone', async ({ collector, start }) => {
  const browser = await start();
  const page = await browser.open(pageOf(collector, { surface: 'client', 'disable-automatic-send-tracing': '' }));
  await optIn(page, true);
  await reportError(page);
  await collector.whenStored(stored => stored.some(({ category }) => category === 'census'));
  assert.deepEqual([...categoriesOf(collector.beacons)], ['census']);
});
