import { deepEqual, equal, match, rejects, throws } from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import fc from 'fast-check';
import { readConfiguration } from '#src/delivery/configuration.js';
import { readSetting } from '#src/practices/web-service-configuration.js';

const pool = 'pool01.contoso.com';

const collection = (Identity: string, MeetingUxEnableTelemetry?: unknown) => ({
  Identity,
  ...(MeetingUxEnableTelemetry !== undefined && { MeetingUxEnableTelemetry }),
});
const service = (value?: unknown) => collection(`service:WebServer:${pool}`, value);
const site = (value?: unknown) => collection('site:Redmond', value);
const global = (value?: unknown) => collection('global', value);

const readText = (text: string, poolName: string, siteName: string) => {
  try {
    return readSetting(text, poolName, siteName);
  } catch (error) {
    match(`${error}`, /Error: the configuration is not the JSON of Get-CsWebServiceConfiguration/);
    return undefined;
  }
};

const read = (configuration: unknown, siteName = '') => readText(JSON.stringify(configuration), pool, siteName);

const isOn = (configuration: unknown, siteName = '') => read(configuration, siteName)?.enabled;

test('one collection as an object, several as an array, and as PowerShell wraps an array', () => {
  equal(isOn(global(true)), true);
  equal(isOn([global(true)]), true);
  equal(isOn({ value: [global(true)], Count: 1 }), true);
});

test('Boolean and the strings of a Boolean, nothing else', () => {
  for (const value of [true, 'True', 'true', 'TRUE']) equal(isOn(global(value)), true, `${value}`);
  for (const value of [false, 'False', '', 'yes', ' true', 1, '1', null, {}, [], [true], 'True ']) {
    equal(isOn(global(value)), false, JSON.stringify(value));
  }
});

test('an absent property is false: servers older than 2015 CU5', () => {
  equal(isOn(global()), false);
});

test('Identity is compared without case; the property is not', () => {
  equal(isOn(collection('SERVICE:webserver:POOL01.Contoso.com', true)), true);
  equal(isOn(collection('GLOBAL', true)), true);
  equal(isOn({ Identity: 'global', meetinguxenabletelemetry: true }), false);
  equal(isOn({ identity: 'global', MeetingUxEnableTelemetry: true }), undefined);
});

test('service over site over global, whole collections', () => {
  const table: [unknown[], string, boolean, string][] = [
    [[service(true), site(false), global(false)], 'Redmond', true, 'service'],
    [[service(false), site(true), global(true)], 'Redmond', false, 'service'],
    [[service(), site(true), global(true)], 'Redmond', false, 'service'],
    [[site(true), global(false)], 'redmond', true, 'site'],
    [[site(false), global(true)], 'Redmond', false, 'site'],
    [[site(), global(true)], 'Redmond', false, 'site'],
    [[site(false), global(true)], 'Paris', true, 'global'],
    [[global(true)], '', true, 'global'],
    [[global(false)], '', false, 'global'],
  ];
  for (const [collections, siteName, enabled, scope] of table) {
    const setting = read(collections, siteName);
    deepEqual([setting?.enabled, setting?.scope], [enabled, scope], JSON.stringify(collections));
    deepEqual(read([...collections].reverse(), siteName), setting, 'order does not matter');
  }
});

test('another pool, another service or another site does not count', () => {
  const others = [
    collection('service:WebServer:pool02.contoso.com', true),
    collection(`service:Registrar:${pool}`, true),
    collection(`service:WebServer:x${pool}`, true),
    collection('site:', true),
    site(true),
  ];
  equal(isOn(others), false);
  equal(isOn(others, 'Paris'), false);
  match(`${read(others)?.reason}`, /no collection governs pool01/);
});

test('doubt closes: a collection that is there twice and contradicts itself, a site that the page does not name', () => {
  equal(isOn([service(true), service(false)]), false);
  equal(isOn([service(true), service()]), false);
  equal(isOn([global(true), site(false)]), false);
  match(`${read([global(true), site(false)])?.reason}`, /set site/);
  equal(isOn([service(true), site(false), global(false)]), true, 'the service collection settles it');
});

test('neighbouring and unknown properties, and TimeSpans in each form, are no matter', () => {
  const seconds = { Ticks: 60_000_000, TotalSeconds: 6 };
  for (const JoinLauncherCdnTimeout of [seconds, '00:00:06', 6]) {
    const neighbours = {
      JoinLauncherCdnTimeout,
      MeetingUxUseCdn: true,
      CrossDomainAuthorizationList: [],
      Whatever: {},
    };
    equal(isOn({ ...global(true), ...neighbours }), true);
    equal(isOn({ ...global(), ...neighbours }), false);
  }
});

test('what is no export is unreadable, never a word of the administrator', () => {
  for (const text of [
    '',
    ' ',
    'true',
    '1',
    'null',
    '"global"',
    '[1]',
    '[null]',
    '{}',
    '<html></html>',
    '{"Identity":"glo',
  ]) {
    throws(() => readSetting(text, pool, ''), /not the JSON of Get-CsWebServiceConfiguration/, text);
  }
});

test('the file in each encoding that an export is written in', async () => {
  const text = JSON.stringify([service(true), global(false)]);
  const utf16 = Buffer.from(`\ufeff${text}`, 'utf16le');
  const files = {
    'UTF-8': Buffer.from(text),
    'UTF-8 with BOM': Buffer.from(`\ufeff${text}`),
    'UTF-16LE with BOM': utf16,
  };
  for (const [encoding, bytes] of Object.entries(files)) {
    globalThis.fetch = async () => new Response(new Uint8Array(bytes));
    const answer = await readConfiguration('https://pool01.contoso.com/configuration.json', pool, '');
    equal(answer?.enabled, true, encoding);
  }
});

const originalFetch = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = originalFetch;
});

test('statuses: missing is the administrator’s word, any other is unreadable, silence is no answer', async () => {
  const answer = (status: number) => {
    globalThis.fetch = async () => new Response('<html>', { status });
    return readConfiguration('https://pool01.contoso.com/c.json', pool, '');
  };
  for (const status of [404, 410]) equal((await answer(status))?.enabled, false, `${status}`);
  for (const status of [200, 403, 500, 503]) await rejects(answer(status), Error, `${status}`);
  globalThis.fetch = () => Promise.reject(new TypeError('Failed to fetch'));
  equal(await readConfiguration('https://pool01.contoso.com/c.json', pool, ''), undefined);
});

// Values and shapes near the real thing, so that the generator finds the corners and not only noise.
const flag = fc.oneof(
  fc.constantFrom<unknown>(true, false, 'True', 'False', 'true', 0, 1, null, '', [true], { value: true }),
  fc.jsonValue(),
);
const identity = fc.oneof(
  fc.constantFrom(
    'global',
    'Global',
    'site:Redmond',
    'site:Paris',
    `service:WebServer:${pool}`,
    'service:WebServer:other',
  ),
  fc.string(),
);
const entry = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ Identity: identity, MeetingUxEnableTelemetry: flag }, { requiredKeys: ['Identity'] }),
  },
  { weight: 1, arbitrary: fc.jsonValue() },
);
const document = fc.oneof(
  fc.array(entry, { maxLength: 6 }),
  entry,
  fc.record({ value: fc.array(entry), Count: fc.nat() }),
);

test('never throws but to say that it is unreadable', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), fc.string(), (text, a, b) => void readText(text, a, b)),
  );
  fc.assert(fc.property(document, fc.string(), fc.string(), (json, a, b) => void readText(JSON.stringify(json), a, b)));
});

test('never opens on doubt: open means that every governing collection says so in so many words', () => {
  const isTrue = (value: unknown) => value === true || (typeof value === 'string' && value.toLowerCase() === 'true');
  const same = (a: string) => (known: { Identity: string }) => known.Identity.toLowerCase() === a.toLowerCase();
  fc.assert(
    fc.property(document, fc.constantFrom('', 'Redmond', 'Paris', 'Oslo'), (json, siteName) => {
      const setting = read(json, siteName);
      if (!setting?.enabled) return true;
      const wrapped = json as { value?: unknown };
      const list = [Array.isArray(wrapped?.value) ? wrapped.value : json].flat() as ReturnType<typeof collection>[];
      const identities = [`service:WebServer:${pool}`, ...(siteName ? [`site:${siteName}`] : []), 'global'];
      const governing = identities.map(name => list.filter(same(name))).find(found => found.length > 0) ?? [];
      return (
        governing.length > 0 && governing.every(({ MeetingUxEnableTelemetry }) => isTrue(MeetingUxEnableTelemetry))
      );
    }),
    { numRuns: 2_000 },
  );
});

test('never opens on a truncated file', () => {
  const text = JSON.stringify([service(true), global(true)], null, 2);
  for (let length = 0; length < text.length; length++) throws(() => readSetting(text.slice(0, length), pool, ''));
});
