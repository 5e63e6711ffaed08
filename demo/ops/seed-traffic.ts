import {
  type Attributes,
  type Category,
  type EventName,
  type ExportLogsRequest,
  severity,
  toAnyValue,
  toExportRequest,
  toKeyValues,
  toUnixNano,
} from 'meeting-join-telemetry/practices.js';
import { makeRandom, type Random } from './seed-random.js';

/**
 * A week of made-up joins with a plot: daily tides; an outage of one pool this morning; an hour in which one
 * organization's network is gone, so that its beacons come late; a browser version that cannot connect media. All of
 * it is marked synthetic.
 */

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const weekDays = 7;
/** Joins in the busiest quarter of an hour of a working day. */
const peakJoins = 60;
const quarterMs = 15 * minuteMs;

export const seededPools = ['pool01.contoso.com', 'pool11.contoso.com', 'pool21.fabrikam.com'] as const;

export interface Beacon {
  receivedAtMs: number;
  request: ExportLogsRequest;
}

interface Client {
  browser: string;
  browserVersion: string;
  os: string;
  osVersion: string;
}

interface Failure {
  type: string;
  code: string;
  result: 'expected_failure' | 'unexpected_failure';
  stage: string;
}

interface Story {
  outage: readonly [number, number];
  offline: readonly [number, number];
  badVersionSinceMs: number;
}

const expected = (type: string, code: string, stage: string): Failure => ({
  type,
  code,
  result: 'expected_failure',
  stage,
});
const unexpected = (type: string, code: string, stage: string): Failure => ({
  type,
  code,
  result: 'unexpected_failure',
  stage,
});

const usual: readonly (readonly [Failure | undefined, number])[] = [
  [undefined, 1000],
  [expected('client_launch_unconfirmed', '', 'launch'), 14],
  [expected('media_permission', 'NotAllowedError', 'connect'), 12],
  [expected('meeting_not_found', '6', 'validate'), 11],
  [expected('passcode_required', '3004', 'validate'), 7],
  [expected('lobby_timeout', '', 'connect'), 5],
  [expected('meeting_ended', '3008', 'validate'), 4],
  [unexpected('timeout', '408', 'connect'), 3],
  [unexpected('server_error', '500', 'launch'), 3],
  [unexpected('network_error', '', 'launch'), 2],
  [unexpected('script_error', 'TypeError', 'launch'), 1],
];

const serverBusy = unexpected('server_busy', '7', 'launch');
const failover = unexpected('server_failover', '8', 'connect');
const mediaFailure = unexpected('media_connectivity', 'ICE_FAILED', 'connect');
const offlineFailure = unexpected('network_offline', '', 'launch');

const clients = (since: boolean): readonly (readonly [Client, number])[] => [
  [{ browser: 'Edge', browserVersion: since ? '156' : '155', os: 'Windows', osVersion: '11' }, 40],
  [{ browser: 'Edge', browserVersion: '155', os: 'Windows', osVersion: '10' }, 12],
  [{ browser: 'Chrome', browserVersion: '156', os: 'Windows', osVersion: '11' }, 22],
  [{ browser: 'Chrome', browserVersion: '156', os: 'macOS', osVersion: '26' }, 11],
  [{ browser: 'Safari', browserVersion: '26', os: 'macOS', osVersion: '26' }, 9],
  [{ browser: 'Safari', browserVersion: '26', os: 'iOS', osVersion: '26' }, 6],
  [{ browser: 'Firefox', browserVersion: since ? '154' : '153', os: 'Linux', osVersion: '6' }, 7],
  [{ browser: 'Firefox', browserVersion: since ? '154' : '153', os: 'Windows', osVersion: '11' }, 5],
];

const methods: readonly (readonly [string, number])[] = [
  ['native', 46],
  ['web-app', 40],
  ['meetings-app', 11],
  ['phone', 3],
];

const partnerOf: Record<string, string> = {
  'pool01.contoso.com': 'contoso.com',
  'pool11.contoso.com': 'contoso.com',
  'pool21.fabrikam.com': 'fabrikam.com',
};

/**
 * How much of the peak's traffic there is: two humps on working days, next to nothing at night. The free days lie in
 * the middle of the week before now, whatever the calendar says: the last day is to have something to show.
 */
const tide = (atMs: number, nowMs: number): number => {
  const daysAgo = Math.floor((nowMs - atMs) / dayMs);
  const at = new Date(atMs);
  const hour = at.getHours() + at.getMinutes() / 60;
  const hump = (peak: number, width: number): number => Math.exp(-((hour - peak) ** 2) / (2 * width ** 2));
  const working = daysAgo === 4 || daysAgo === 5 ? 0.15 : 1;
  return Math.max(0.02, working * Math.max(hump(10, 1.5), 0.85 * hump(15, 1.8)));
};

/** The last time within the day before `nowMs`, at least an hour ago, that it was this hour on the clock. */
const lastAt = (nowMs: number, hour: number, minute: number): number => {
  const at = new Date(nowMs - hourMs);
  at.setHours(hour, minute, 0, 0);
  return at.getTime() > nowMs - hourMs ? at.getTime() - dayMs : at.getTime();
};

const tell = (nowMs: number): Story => {
  const outage = lastAt(nowMs, 10, 5);
  const offline = lastAt(nowMs, 15, 0);
  return {
    outage: [outage, outage + 50 * minuteMs],
    offline: [offline, offline + hourMs],
    badVersionSinceMs: nowMs - 3 * dayMs,
  };
};

const within = (atMs: number, [from, to]: readonly [number, number]): boolean => atMs >= from && atMs < to;

/** Why a join fails, if it does. */
const plot = (random: Random, story: Story, atMs: number, pool: string, client: Client): Failure | undefined => {
  if (within(atMs, story.outage) && pool === 'pool01.contoso.com' && random.chance(0.58)) {
    return random.chance(0.9) ? serverBusy : failover;
  }
  if (within(atMs, story.offline) && pool === 'pool21.fabrikam.com' && random.chance(0.35)) return offlineFailure;
  if (client.browser === 'Firefox' && client.browserVersion === '154' && random.chance(0.16)) return mediaFailure;
  return random.pick(usual);
};

/** When a beacon arrives: usually at once, after the network is back when it was gone, sometimes on the next visit. */
const arrival = (random: Random, story: Story, endMs: number, pool: string): number => {
  if (within(endMs, story.offline) && pool === 'pool21.fabrikam.com') {
    return story.offline[1] + random.lognormal(90_000, 1);
  }
  if (random.chance(0.012)) return endMs + random.lognormal(20 * minuteMs, 1.1);
  if (random.chance(0.004)) return endMs + random.lognormal(20 * hourMs, 0.5);
  return endMs + random.lognormal(1800, 0.6);
};

const scopeVersion = 'seed';

/** How often a failed join is the next try of who failed just before. */
const triesAgain = 0.4;

class Scribe {
  readonly #random: Random;
  readonly #nowMs: number;
  readonly beacons: Beacon[] = [];
  /** Who failed last, by pool and reason. */
  readonly #devices = new Map<string, string>();

  constructor(random: Random, nowMs: number) {
    this.#random = random;
    this.#nowMs = nowMs;
  }

  /** The device on which a join failed. */
  deviceOf({ pool, failure }: Attempt): string {
    const key = `${pool} ${failure?.type}`;
    const last = this.#devices.get(key);
    const device = last !== undefined && this.#random.chance(triesAgain) ? last : this.#random.uuid();
    this.#devices.set(key, device);
    return device;
  }

  /** One beacon of one category; what would arrive in the future is still on its way. */
  send(
    category: Category,
    client: Client,
    receivedAtMs: number,
    events: readonly [EventName, number, Attributes, number?][],
  ) {
    if (receivedAtMs > this.#nowMs) return;
    const resource = toKeyValues({
      'service.name': 'JoinLauncher',
      'os.name': client.os,
      'os.version': client.osVersion,
      'user_agent.name': client.browser,
      'user_agent.version': client.browserVersion,
      'telemetry.sdk.name': 'meeting-join-telemetry',
      'telemetry.sdk.version': scopeVersion,
      'telemetry.sdk.language': 'webjs',
    });
    const records = events.map(([eventName, atMs, attributes, severityNumber]) => ({
      timeUnixNano: toUnixNano(Math.round(atMs)),
      severityNumber: severityNumber ?? severity.info,
      eventName,
      attributes: toKeyValues(
        { ...attributes, 'log.record.uid': this.#random.uuid(), 'user_agent.synthetic.type': 'test' },
        (value, name) => toAnyValue(value, /^browser\.web_vital\.(value|delta)$/.test(name)),
      ),
    }));
    const request = toExportRequest(category, scopeVersion, resource, records, Math.round(receivedAtMs));
    this.beacons.push({ receivedAtMs: Math.round(receivedAtMs), request });
  }
}

interface Attempt {
  atMs: number;
  pool: string;
  client: Client;
  id: string;
  durationMs: number;
  failure: Failure | undefined;
  receivedAtMs: number;
}

const stageTimes = (random: Random, durationMs: number, until: string): string => {
  const launch = Math.round(durationMs * (0.12 + random.next() * 0.1));
  const connect = Math.round(durationMs * (0.45 + random.next() * 0.2));
  const all = [`validate=0`, `launch=${launch}`, `connect=${connect}`];
  return all.slice(0, ['validate', 'launch', 'connect'].indexOf(until) + 1).join(';');
};

const writeJoin = (scribe: Scribe, random: Random, attempt: Attempt): void => {
  const { atMs, pool, client, id, durationMs, failure, receivedAtMs } = attempt;
  const method = random.pick(methods);
  const common: Attributes = {
    'meeting.join.id': id,
    'meeting.join.method': method,
    'meeting.pool': pool,
    'meeting.federation_partner': partnerOf[pool],
  };
  const begun = ['meeting.join.attempt', atMs, common] as const;
  if (random.chance(0.009)) {
    scribe.send('usage', client, receivedAtMs, [[...begun]]);
    return;
  }
  const result = failure?.result ?? (random.chance(0.028) ? 'abandoned' : 'success');
  const stage = failure?.stage ?? 'connect';
  const cause: Attributes = failure
    ? { 'error.type': failure.type, 'meeting.join.error.code': failure.code || undefined }
    : {};
  const ended: Attributes = {
    ...common,
    ...cause,
    'meeting.join.result': result,
    'meeting.join.duration_ms': Math.round(durationMs),
    'meeting.join.stage': stage,
    'meeting.join.stage_times': stageTimes(random, durationMs, stage),
    'meeting.join.confidence': result === 'success' ? (method === 'web-app' ? 'confirmed' : 'assumed') : undefined,
  };
  scribe.send('usage', client, receivedAtMs, [[...begun], ['meeting.join.result', atMs + durationMs, ended]]);
};

const writeError = (scribe: Scribe, random: Random, attempt: Attempt): void => {
  const { atMs, client, id, durationMs, failure, receivedAtMs } = attempt;
  if (!failure || random.chance(0.1)) return;
  scribe.send('error', client, receivedAtMs, [
    [
      'exception',
      atMs + durationMs,
      {
        'meeting.join.id': id,
        'error.type': failure.type,
        'meeting.join.error.code': failure.code || undefined,
        'exception.type': 'JoinError',
        'exception.message': `${failure.type} while ${failure.stage}`,
        'meeting.error.source': 'join',
        'meeting.error.device.id': scribe.deviceOf(attempt),
        'meeting.network.online': failure.type !== 'network_offline',
      },
      severity.warn,
    ],
  ]);
};

const vitals: readonly (readonly [string, number, number])[] = [
  ['ttfb', 320, 0.6],
  ['fcp', 900, 0.5],
  ['lcp', 1500, 0.55],
  ['inp', 90, 0.8],
  ['cls', 0.03, 1],
];

const writeVitals = (scribe: Scribe, random: Random, { atMs, client, receivedAtMs }: Attempt): void => {
  if (!random.chance(0.12)) return;
  const events = vitals.map(([name, median, sigma]): [EventName, number, Attributes] => {
    const value = Math.round(random.lognormal(median, sigma) * 1000) / 1000;
    return [
      'browser.web_vital',
      atMs,
      {
        'browser.web_vital.name': name,
        'browser.web_vital.value': value,
        'browser.web_vital.delta': value,
        'browser.web_vital.id': random.uuid(),
        'browser.web_vital.rating': 'good',
        'browser.web_vital.navigation_type': 'navigate',
      },
    ];
  });
  scribe.send('error', client, receivedAtMs, events);
};

const dropReasons: readonly (readonly [string, number])[] = [
  ['expired', 5],
  ['queue_overflow', 3],
  ['too_large', 1],
];

const writeRest = (scribe: Scribe, random: Random, { atMs, client, receivedAtMs }: Attempt): void => {
  if (random.chance(0.06)) {
    const id = random.uuid();
    scribe.send('census', client, receivedAtMs, [
      [
        'meeting.census',
        atMs,
        { 'browser.language': 'en-US', 'app.installation.id': id, 'meeting.sign_in.attempts': 1 },
      ],
    ]);
  }
  if (random.chance(0.003)) {
    const reason = random.pick(dropReasons);
    const count = 1 + Math.floor(random.next() * 4);
    scribe.send('usage', client, receivedAtMs, [
      ['telemetry.dropped', atMs, { 'telemetry.dropped.reason': reason, 'telemetry.dropped.count': count }],
    ]);
  }
};

const writeAttempt = (scribe: Scribe, random: Random, story: Story, atMs: number): void => {
  const pool = random.pick([
    [seededPools[0], 55],
    [seededPools[1], 28],
    [seededPools[2], 17],
  ] as const);
  const client = random.pick(clients(atMs >= story.badVersionSinceMs && random.chance(0.75)));
  const failure = plot(random, story, atMs, pool, client);
  const slow = within(atMs, story.outage) && pool === seededPools[0] ? 2.2 : 1;
  const durationMs = random.lognormal(2400 * slow, 0.65);
  const receivedAtMs = arrival(random, story, atMs + durationMs, pool);
  const attempt = { atMs, pool, client, id: random.uuid(), durationMs, failure, receivedAtMs };
  writeJoin(scribe, random, attempt);
  writeError(scribe, random, attempt);
  writeVitals(scribe, random, attempt);
  writeRest(scribe, random, attempt);
};

/** Who fails tries again: the same people, more joins. */
const crowd = (story: Story, atMs: number): number => (within(atMs, story.outage) ? 1.4 : 1);

/** The week before `nowMs` as beacons, in the order in which a collector received them. */
export const makeTraffic = (nowMs: number, seed = 1): Beacon[] => {
  const random = makeRandom(seed);
  const scribe = new Scribe(random, nowMs);
  const story = tell(nowMs);
  for (let atMs = nowMs - weekDays * dayMs; atMs < nowMs; atMs += quarterMs) {
    const mean = peakJoins * tide(atMs, nowMs) * crowd(story, atMs);
    const joins = Math.round(mean * (0.85 + random.next() * 0.3));
    for (let n = 0; n < joins; n++) writeAttempt(scribe, random, story, atMs + random.next() * quarterMs);
  }
  return scribe.beacons.sort((a, b) => a.receivedAtMs - b.receivedAtMs);
};
