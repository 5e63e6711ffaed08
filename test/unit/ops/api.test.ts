import assert from 'node:assert/strict';
import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Configurations, Join, JoinDetail, LiveMessage, Overview } from '../../../demo/ops/browser/api.js';
import { type MemoryHouse, openMemoryHouse, type StoredEvent, token } from './memory-house.js';

const nowMs = 1_790_000_000_000;
const minuteMs = 60_000;

let house: MemoryHouse;

before(async () => {
  house = await openMemoryHouse(() => nowMs);
});
after(() => house.close());
beforeEach(() => house.expire());

const bearer = { Authorization: `Bearer ${token}` };
const cookie = { Cookie: `ops=${token}` };

const get = async <T>(path: string): Promise<T> => {
  const response = await house.app.request(path, { headers: bearer });
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as T;
};

let serial = 0;

/** An attempt and its result, with an error report from a device when one is given. */
const join = (startMs: number, more: Partial<StoredEvent>, device?: string): StoredEvent[] => {
  serial++;
  const common: StoredEvent = {
    uid: `a${serial}`,
    category: 'usage',
    event_name: 'meeting.join.attempt',
    recorded_at: startMs,
    received_at: startMs + 2000,
    join_id: `join-${serial}`,
    pool: 'pool01.contoso.com',
    method: 'native',
    browser: 'Edge',
    browser_version: '156',
    os: 'Windows',
    os_version: '11',
    federation_partner: 'contoso.com',
    service_name: 'JoinLauncher',
  };
  for (const name of ['pool', 'synthetic']) {
    if (more[name] !== undefined) common[name] = more[name];
  }
  const atMs = startMs + 1000;
  const ended = {
    ...common,
    uid: `r${serial}`,
    event_name: 'meeting.join.result',
    recorded_at: atMs,
    duration_ms: 1000,
  };
  const events: StoredEvent[] = [common, { ...ended, result: 'success', ...(more as Partial<typeof ended>) }];
  if (device !== undefined) {
    const { received_at } = common;
    const report = { uid: `e${serial}`, category: 'error', event_name: 'exception', recorded_at: atMs, received_at };
    events.push({ ...report, join_id: `join-${serial}`, device_id: device });
  }
  return events;
};

const busy = { result: 'unexpected_failure', error_type: 'server_busy', code: '7' };

test('nothing under /api answers without the token', async () => {
  for (const path of [
    'summary',
    'overview',
    'joins',
    'joins/x',
    'events',
    'live',
    'configurations',
    'configurations/export',
    'faults',
    'nowhere',
  ]) {
    assert.equal((await house.app.request(`/api/${path}`)).status, 401, path);
  }
  assert.equal((await house.app.request('/api/faults', { method: 'PUT', body: '{"kind":"refuse"}' })).status, 401);
  assert.equal(house.fault(), 'none');
});

test('a cookie alone changes nothing: another site could have sent it', async () => {
  const put = (headers: Record<string, string>): Promise<Response> =>
    Promise.resolve(
      house.app.request('http://localhost/api/faults', {
        method: 'PUT',
        headers: { Host: 'localhost', ...headers },
        body: '{"kind":"delay"}',
      }),
    );
  assert.equal((await put(cookie)).status, 403);
  assert.equal((await put({ ...cookie, 'X-Requested-With': 'console', Origin: 'https://evil.example' })).status, 403);
  assert.equal(house.fault(), 'none');
  assert.equal((await put({ ...cookie, 'X-Requested-With': 'console', Origin: 'http://localhost' })).status, 200);
  assert.equal(house.fault(), 'delay');
  assert.equal((await put({ ...bearer })).status, 200);
});

test('failures are told by reason, with joins and devices, and what there was before', async () => {
  await house.put([
    ...join(nowMs - 10 * minuteMs, busy, 'device-1'),
    ...join(nowMs - 11 * minuteMs, busy, 'device-1'),
    ...join(nowMs - 12 * minuteMs, busy, 'device-2'),
    ...join(nowMs - 13 * minuteMs, { result: 'expected_failure', error_type: 'meeting_not_found', code: '6' }),
    ...join(nowMs - 14 * minuteMs, {}),
    ...join(nowMs - 70 * minuteMs, busy, 'device-3'),
  ]);
  const { failures, summary } = await get<Overview>(`/api/overview?from=${nowMs - 60 * minuteMs}&to=${nowMs}`);
  assert.deepEqual(
    failures.map(({ errorType, code, attempts, devices, previousAttempts }) => [
      errorType,
      code,
      attempts,
      devices,
      previousAttempts,
    ]),
    [
      ['server_busy', '7', 3, 2, 1],
      ['meeting_not_found', '6', 1, 0, 0],
    ],
  );
  assert.equal(summary.attempts, 5);
});

test('an outage is found with its time, its pool and its reason', async () => {
  const events: StoredEvent[] = [];
  for (let minute = 0; minute < 24 * 60; minute += 2) {
    const startMs = nowMs - 24 * 60 * minuteMs + minute * minuteMs;
    const down = minute >= 600 && minute < 660;
    events.push(
      ...join(startMs, { pool: 'pool01.contoso.com', ...(down ? busy : {}) }, down ? `d${minute}` : undefined),
    );
    events.push(...join(startMs + 1, { pool: 'pool02.contoso.com' }));
  }
  await house.put(events);
  const { series, breakdowns } = await get<Overview>(`/api/overview?from=${nowMs - 24 * 60 * minuteMs}&to=${nowMs}`);
  assert.equal(series.findings.length, 1);
  const [finding] = series.findings;
  assert.ok(finding);
  assert.deepEqual(finding.where, { dimension: 'pool', value: 'pool01.contoso.com' });
  assert.equal(`${finding.errorType}/${finding.code}`, 'server_busy/7');
  // Buckets are aligned to the clock, so the outage's last minute may stand in a bucket that is fine as a whole.
  assert.ok(finding.failures >= 28 && finding.devices === finding.failures, `${finding.failures}`);
  assert.equal(finding.ongoing, false);
  assert.ok(Math.abs(finding.fromMs - (nowMs - 24 * 60 * minuteMs + 600 * minuteMs)) <= series.stepMs);
  const [worst] = breakdowns.pool;
  assert.equal(worst?.value, 'pool01.contoso.com');
  assert.equal(worst?.worse, true);
});

test('an outage tells how many of its failures are of its reason, and names no place by chance', async () => {
  const startMs = nowMs - 24 * 60 * minuteMs;
  const events: StoredEvent[] = [];
  for (let n = 0; n < 1440; n++) {
    const during = n >= 600 && n < 660;
    const at = n - 600;
    // Of 60 joins, 9 on Linux fail all, and 15 of the others: a share like this happens by chance in so few.
    const linux = during && at % 7 === 0;
    const fails = during && (linux || at % 7 === 1 || at % 10 === 2);
    const reason = at % 10 === 2 ? { ...busy, error_type: 'timeout', code: '' } : busy;
    events.push(...join(startMs + n * minuteMs, { os: linux ? 'Linux' : 'Windows', ...(fails ? reason : {}) }));
  }
  await house.put(events);
  const { series } = await get<Overview>(`/api/overview?from=${startMs}&to=${nowMs}`);
  const [finding] = series.findings;
  assert.ok(finding);
  assert.equal(finding.where, undefined);
  assert.equal(finding.errorType, 'server_busy');
  assert.ok(finding.ofReason < finding.failures, `${finding.ofReason} of ${finding.failures}`);
});

test('of a window that is half outage the outage is still found', async () => {
  const startMs = nowMs - 120 * minuteMs;
  const at = (n: number): number => startMs - 120 * minuteMs + n * 15_000;
  const isDown = (n: number): boolean => n >= 600 && n < 840;
  await house.put(Array.from({ length: 960 }, (_, n) => join(at(n), isDown(n) && n % 4 !== 0 ? busy : {})).flat());
  const { series } = await get<Overview>(`/api/overview?from=${startMs}&to=${nowMs}`);
  assert.deepEqual(
    series.findings.map(({ fromMs, toMs }) =>
      [at(600) - fromMs, at(840) - toMs].map(ms => Math.abs(ms) <= series.stepMs),
    ),
    [[true, true]],
  );
});

test('what a list has no room for is counted', async () => {
  const reasons = Array.from({ length: 19 }, (_, n) => join(nowMs - n * 1000, { ...busy, code: `${n}` }));
  const pools = Array.from({ length: 13 }, (_, n) => join(nowMs - n * 1000, { pool: `pool${n}.contoso.com` }));
  await house.put([...reasons, ...pools].flat());
  const { failures, breakdowns, rest } = await get<Overview>('/api/overview');
  assert.equal(failures.length + rest.failures.rows, 19);
  assert.equal(
    failures.reduce((sum, { attempts }) => sum + attempts, rest.failures.attempts),
    19,
  );
  assert.equal(breakdowns.pool.length + rest.pool.rows, 14);
  assert.equal(
    breakdowns.pool.reduce((sum, { attempts }) => sum + attempts, rest.pool.attempts),
    32,
  );
  assert.deepEqual(rest.method, { rows: 0, attempts: 0 });
});

test('the chart of a period that goes on ends now, however long nobody joined', async () => {
  await house.put(join(nowMs - 50 * minuteMs, {}));
  const { series, toMs } = await get<Overview>(`/api/overview?from=${nowMs - 60 * minuteMs}`);
  assert.equal(toMs, nowMs);
  assert.ok((series.points.at(-1)?.atMs ?? 0) + series.stepMs >= nowMs);
});

test('thirty days of few joins are thirty bars, however long the question was on its way', async () => {
  await house.put(join(nowMs - 50 * minuteMs, {}));
  const { series } = await get<Overview>(`/api/overview?from=${nowMs - 30 * 1440 * minuteMs - 5}`);
  assert.equal(series.stepMs, 1440 * minuteMs);
});

test('the series counts what the summary counts', async () => {
  await house.put(
    Array.from({ length: 40 }, (_, at) => join(nowMs - at * 7 * minuteMs, at % 3 === 0 ? busy : {})).flat(),
  );
  const { series, summary } = await get<Overview>('/api/overview');
  const sum = (name: 'success' | 'unexpected_failure'): number =>
    series.points.reduce((all, point) => all + point[name], 0);
  assert.equal(sum('success'), summary.success);
  assert.equal(sum('unexpected_failure'), summary.unexpected_failure);
});

test('lateness, losses and vitals', async () => {
  const at = nowMs - 30 * minuteMs;
  const record = (uid: string, event_name: string, lateMs: number, more: Partial<StoredEvent> = {}): StoredEvent => ({
    uid,
    category: 'error',
    event_name,
    recorded_at: at,
    received_at: at + lateMs,
    ...(more as Record<string, string>),
  });
  await house.put([
    record('1', 'meeting.census', 500),
    record('2', 'meeting.census', 30_000),
    record('3', 'meeting.census', 20 * minuteMs),
    record('4', 'meeting.census', 5 * 60 * minuteMs),
    record('5', 'meeting.census', 3 * 1440 * minuteMs),
    record('6', 'telemetry.dropped', 500, { dropped_reason: 'expired', dropped_count: 3 }),
    record('7', 'telemetry.dropped', 500, { dropped_reason: 'expired', dropped_count: 4 }),
    ...[1000, 2000, 3000, 4000, 5000].map((vital_value, n) =>
      record(`v${n}`, 'browser.web_vital', 500, { vital_name: 'lcp', vital_value }),
    ),
  ]);
  const { delivery, vitals } = await get<Overview>(`/api/overview?from=${nowMs - 60 * minuteMs}`);
  assert.deepEqual(delivery.lateness, { now: 8, minute: 1, hour: 1, day: 1, later: 1 });
  assert.deepEqual(delivery.dropped, [{ reason: 'expired', count: 7 }]);
  assert.deepEqual(vitals, [{ name: 'lcp', p75: 4000, rating: 'needs-improvement', samples: 5 }]);
});

test('losses name no pool and no join, so a filter by these leaves them', async () => {
  const lost = { dropped_reason: 'expired', dropped_count: 3, browser: 'Edge', browser_version: '156' };
  await house.put([
    ...join(nowMs - minuteMs, busy),
    {
      uid: 'lost',
      category: 'usage',
      event_name: 'telemetry.dropped',
      recorded_at: nowMs - minuteMs,
      received_at: nowMs,
      ...lost,
    },
  ]);
  const dropped = async (filter: string): Promise<unknown> =>
    (await get<Overview>(`/api/overview?${filter}`)).delivery.dropped;
  const all = [{ reason: 'expired', count: 3 }];
  for (const filter of ['pool=pool01.contoso.com', 'method=native', 'type=server_busy&code=7', 'browser=Edge+156']) {
    assert.deepEqual(await dropped(filter), all, filter);
  }
  assert.deepEqual(await dropped('browser=Firefox+154'), []);
});

test('synthetic joins are in no figure unless asked for, and their number is told', async () => {
  await house.put([...join(nowMs - minuteMs * 5, {}), ...join(nowMs - minuteMs * 6, { ...busy, synthetic: true })]);
  const without = await get<Overview>('/api/overview');
  assert.equal(without.summary.attempts, 1);
  assert.deepEqual(without.synthetic, { joins: 1, included: false });
  const with_ = await get<Overview>('/api/overview?synthetic=1');
  assert.equal(with_.summary.attempts, 2);
  assert.deepEqual(with_.synthetic, { joins: 1, included: true });
});

test('a join, opened: stages, error detail, what arrived when', async () => {
  const events = join(nowMs - minuteMs, busy, 'device-9');
  const result = events[1];
  assert.ok(result);
  result.attributes = JSON.stringify({ 'meeting.join.stage_times': 'validate=0;launch=250;nonsense;connect=x' });
  await house.put(events);
  const [listed] = await get<Join[]>('/api/joins');
  assert.ok(listed);
  const detail = await get<JoinDetail>(`/api/joins/${listed.id}`);
  assert.deepEqual(detail.stages, [
    { name: 'validate', atMs: 0 },
    { name: 'launch', atMs: 250 },
  ]);
  assert.deepEqual(detail.events.map(({ name }) => name).sort(), [
    'exception',
    'meeting.join.attempt',
    'meeting.join.result',
  ]);
  assert.equal(detail.events[0]?.receivedAtMs, nowMs - minuteMs + 2000);
  assert.equal((await house.app.request('/api/joins/none', { headers: bearer })).status, 404);
});

test('events leave as NDJSON, CSV that no spreadsheet runs, and Parquet', async () => {
  await house.put(join(nowMs - minuteMs, { ...busy, error_type: '=HYPERLINK("http://evil.example")' }));
  const ask = async (format: string): Promise<Response> =>
    house.app.request(`/api/events?format=${format}`, { headers: bearer });
  const ndjson = await (await ask('ndjson')).text();
  const rows = ndjson
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as StoredEvent);
  assert.deepEqual(
    rows.map(({ event_name }) => event_name),
    ['meeting.join.attempt', 'meeting.join.result'],
  );
  assert.equal(String(rows[0]?.recorded_at), new Date(nowMs - minuteMs).toISOString());
  const csv = await (await ask('csv')).text();
  assert.match(csv, /^uid,category,event_name/);
  assert.match(csv, /'=HYPERLINK/);
  assert.ok(csv.includes(`,${new Date(nowMs - minuteMs).toISOString()},`));
  const parquet = Buffer.from(await (await ask('parquet')).arrayBuffer());
  assert.equal(parquet.subarray(0, 4).toString(), 'PAR1');
  assert.equal((await ask('xml')).status, 400);
});

/** A folder of its own for temporary files while `work` runs. */
const inFolder = async (work: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'mjt-export-'));
  const { TMPDIR } = process.env;
  process.env.TMPDIR = folder;
  try {
    await work(folder);
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    await rm(folder, { recursive: true });
  }
};

/** The files that this process holds open in the folder, their names gone or not. */
const openIn = async (folder: string): Promise<string[]> => {
  const links = (await readdir('/proc/self/fd')).map(fd => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
  return (await Promise.all(links)).filter(name => name.startsWith(folder));
};

const isLinux = process.platform === 'linux';

test('an export leaves no file behind, whoever breaks off', { skip: !isLinux && 'needs /proc' }, () =>
  inFolder(async folder => {
    await house.put(Array.from({ length: 3000 }, (_, n) => join(nowMs - n * 1000, {})).flat());
    const ask = async (init: RequestInit): Promise<Response> =>
      house.app.request('/api/events?format=csv', { headers: bearer, ...init });
    assert.equal((await ask({ method: 'HEAD' })).status, 200);
    const response = await ask({});
    assert.deepEqual(await readdir(folder), [], 'nobody else on this machine can read it');
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    while ((await openIn(folder)).length > 0) await sleep(20);
    const whole = await (await ask({})).text();
    assert.equal(whole.trim().split('\n').length, 6001);
  }),
);

test('to ask for the head of the live stream leaves nobody listening', async () => {
  const before = house.listeners();
  assert.equal((await house.app.request('/api/live', { method: 'HEAD', headers: bearer })).status, 200);
  assert.equal(house.listeners(), before);
});

test('Parquet is what the store holds', async () => {
  await house.put(join(nowMs - minuteMs, { ...busy, error_type: '=1' }));
  const response = await house.app.request('/api/events?format=parquet', { headers: bearer });
  const file = path.join(tmpdir(), `mjt-${process.pid}.parquet`);
  await writeFile(file, Buffer.from(await response.arrayBuffer()));
  try {
    const rows = await house.connection.runAndReadAll(
      `select event_name, error_type, epoch_ms(recorded_at) as ms from '${file}' order by recorded_at`,
    );
    assert.deepEqual(rows.getRowsJS(), [
      ['meeting.join.attempt', null, BigInt(nowMs - minuteMs)],
      ['meeting.join.result', '=1', BigInt(nowMs - minuteMs + 1000)],
    ]);
  } finally {
    await rm(file);
  }
});

test('what cannot be read is refused by its name', async () => {
  const ask = async (url: string, init: RequestInit = {}): Promise<[number, string]> => {
    const response = await house.app.request(url, { headers: bearer, ...init });
    return [response.status, ((await response.json()) as { error: string }).error];
  };
  for (const [url, name] of [
    ['/api/summary?synthetic=yes', 'synthetic'],
    ['/api/summary?from=pool+5', 'from'],
    ['/api/joins?limit=all', 'limit'],
    ['/api/joins?limit=0', 'limit'],
    ['/api/events?format=xlsx', 'format'],
  ] as const) {
    const [status, error] = await ask(url);
    assert.equal(status, 400, url);
    assert.match(error, new RegExp(`^${name}`), url);
  }
  assert.deepEqual(await ask('/api/nowhere'), [404, 'there is no GET /api/nowhere']);
  const patched = await ask('/api/configurations/global', { method: 'PATCH', body: '{' });
  assert.deepEqual(patched, [400, 'say {"MeetingUxEnableTelemetry": true} or false']);
});

test('a flag that is neither on nor off is not taken for off', async () => {
  const before = await get<unknown>('/api/configurations/export');
  const send = async (body: unknown): Promise<string> => {
    const init = { method: 'POST', headers: bearer, body: JSON.stringify(body) };
    const response = await house.app.request('/api/configurations/import', init);
    assert.equal(response.status, 400);
    return ((await response.json()) as { error: string }).error;
  };
  const good = { Identity: 'site:Good', MeetingUxEnableTelemetry: true };
  const unclear = { Identity: 'site:Unclear', MeetingUxEnableTelemetry: 'maybe' };
  assert.match(await send([good, unclear]), /site:Unclear is neither true nor false/);
  assert.match(await send([]), /no collection/);
  assert.deepEqual(await get<unknown>('/api/configurations/export'), before);
});

test('a flag is switched, audited with who, and governs its pool', async () => {
  await house.put(join(nowMs - minuteMs, { pool: 'pool07.contoso.com' }));
  const before_ = await get<Configurations>('/api/configurations');
  const governed = ({ pools }: Configurations) => pools.find(({ pool }) => pool === 'pool07.contoso.com');
  assert.equal(governed(before_)?.enabled, false);
  const patch = (identity: string, body: unknown): Promise<Response> =>
    Promise.resolve(
      house.app.request(`/api/configurations/${encodeURIComponent(identity)}`, {
        method: 'PATCH',
        headers: { ...bearer, 'X-Operator': encodeURIComponent('Zoë Müller') },
        body: JSON.stringify(body),
      }),
    );
  assert.equal((await patch('service:WebServer:pool07.contoso.com', { MeetingUxEnableTelemetry: true })).status, 200);
  const after_ = await get<Configurations>('/api/configurations');
  assert.equal(governed(after_)?.enabled, true);
  assert.equal(governed(after_)?.identity, 'service:WebServer:pool07.contoso.com');
  assert.equal(after_.audit[0]?.who, 'Zoë Müller');
  assert.equal((await patch('pool07', { MeetingUxEnableTelemetry: true })).status, 400);
  assert.equal((await patch('global', { MeetingUxEnableTelemetry: 'yes' })).status, 400);
});

test('an export of Windows PowerShell comes in as it is', async () => {
  const text = JSON.stringify([{ Identity: 'site:Redmond', MeetingUxEnableTelemetry: 'True', MeetingUxUseCdn: false }]);
  const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);
  const send = (body: Uint8Array | string): Promise<Response> =>
    Promise.resolve(
      house.app.request('/api/configurations/import', { method: 'POST', headers: bearer, body: body as BodyInit }),
    );
  assert.deepEqual(await (await send(utf16)).json(), { imported: 1 });
  const exported = await get<{ Identity: string }[]>('/api/configurations/export');
  assert.ok(exported.some(({ Identity }) => Identity === 'site:Redmond'));
  assert.equal((await send('<html>')).status, 400);
  assert.equal((await send('[{"MeetingUxEnableTelemetry":true}]')).status, 400);
});

test('what arrives is told at once, however long ago it happened', async () => {
  const aborting = new AbortController();
  const response = await house.app.request('/api/live', { headers: bearer, signal: aborting.signal });
  assert.equal(response.headers.get('Content-Type'), 'text/event-stream');
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  assert.ok(reader);
  try {
    await reader.read();
    await hearLateJoin(reader);
  } finally {
    aborting.abort();
    await reader.cancel();
  }
});

const hearLateJoin = async (reader: ReadableStreamDefaultReader<string>): Promise<void> => {
  const late = join(nowMs - 26 * 60 * minuteMs, busy).map(event => ({ ...event, received_at: Date.now() }));
  await house.put(late);
  let heard = '';
  while (!heard.includes('"changed"')) heard += (await reader.read()).value ?? '';
  const messages = heard
    .split('\n\n')
    .filter(text => text.startsWith('data: '))
    .map(text => JSON.parse(text.slice(6)) as LiveMessage);
  const [first] = messages;
  assert.ok(first?.type === 'join');
  assert.equal(first.join.errorType, 'server_busy');
  assert.equal(messages.filter(({ type }) => type === 'join').length, 1);
};
