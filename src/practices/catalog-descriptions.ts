/**
 * Why each datum of the catalog is collected, and how it is treated: for the disclosure (`page/panel`), for
 * `npm run catalog` and for whoever has to sign it off. Never in the bundle of a page that does not show it.
 *
 * The tests hold it against `catalog.ts`: no datum without its description, no description without its datum, every
 * example within its bound.
 */
import type { AttributeValue, Category, EventName } from './catalog.js';

/** What a datum can say at worst. */
export type Sensitivity =
  /** Of software and network only. */
  | 'technical'
  /** Which organization. */
  | 'organization'
  /** A random or keyed id: one device or person, but not which. */
  | 'pseudonym'
  /** Who somebody is. */
  | 'personal'
  /** Written by software that may repeat what people typed: scrubbed. */
  | 'free text';

export interface Description {
  /** In a few plain words. */
  label: string;
  why: string;
  example: AttributeValue;
  sensitivity: Sensitivity;
  /** "Data type" of the published practices, where it is one of theirs. */
  published?: string;
  /** How what it stands for is hidden. */
  pseudonym?: string;
  /** How long it is kept on the device; see `retentions`. */
  retention: Retention;
}

export type Retention = 'queued' | 'installation' | 'page';

/** On the device. What the collector keeps, and how long, the operator of the pool decides. */
export const retentions: Record<Retention, string> = {
  queued:
    'on the device until the collector has acknowledged it, a week at most; the last 20 sent stay for the disclosure',
  installation: 'on the device until the flag goes off, the opt-in is withdrawn or everything is deleted',
  page: 'not stored: written when a batch is sent',
};

export const categoryDescriptions: Record<Category, { label: string; why: string; identifies: string }> = {
  census: {
    label: 'Census',
    why: 'Which devices, systems and languages people join with, and whether they could sign in: to know what must be supported.',
    identifies: 'Nothing in it identifies the organization or a person.',
  },
  usage: {
    label: 'Usage',
    why: 'How often people join meetings and how often it works: to see at once when it does not.',
    identifies: 'It may identify the organization. Nothing in it identifies a person.',
  },
  error: {
    label: 'Error reporting',
    why: 'What went wrong, where in the software and on what connection: to find the cause and mend it.',
    identifies:
      'It may hold personal data. The collector hashes user names before it stores anything; addresses, links and meeting keys are taken out on this device.',
  },
};

export const eventDescriptions: Record<EventName, { label: string; why: string }> = {
  'meeting.join.attempt': { label: 'A try to join', why: 'Somebody tried to join a meeting.' },
  'meeting.join.result': { label: 'How a try ended', why: 'Whether it worked, how long it took, and if not, why.' },
  'meeting.census': { label: 'Census', why: 'The device and the sign-ins since the last census record.' },
  'meeting.usage': { label: 'Usage counters', why: 'What was used since the last usage record.' },
  exception: { label: 'An error', why: 'An error of the page or the reason a join failed.' },
  'browser.web_vital': { label: 'Page speed', why: 'One measured value of how fast the page was for this person.' },
  'telemetry.dropped': {
    label: 'Losses',
    why: 'How many records were lost on the way, and why: so that gaps are known.',
  },
};

const of = (
  label: string,
  why: string,
  example: AttributeValue,
  sensitivity: Sensitivity = 'technical',
  more: Partial<Description> = {},
): Description => ({ label, why, example, sensitivity, retention: 'queued', ...more });

const joinId = 'Random for each try. It links a failed join to its error detail, and nothing to census or to a person.';

export const descriptions: Record<string, Description> = {
  // Of every record, batch and scope.
  'log.record.uid': of(
    'Record id',
    'The collector stores a record that arrives twice only once.',
    '0b6f9c5e-58a1-4c0f-9d3e-2f1f7c9f4a10',
    'technical',
    { pseudonym: 'random for each record' },
  ),
  'user_agent.synthetic.type': of('Test mark', 'Joins made by a monitor are kept out of the rates.', 'test'),
  'service.name': of('Application', 'Tells which application spoke.', 'JoinLauncher', 'technical', {
    published: 'AppName',
  }),
  'os.name': of('Operating system', 'Failures often belong to one system.', 'Windows', 'technical', {
    published: 'OSName',
  }),
  'os.version': of(
    'System version',
    'Failures often belong to one version. Full in census only, elsewhere just the major one.',
    '11',
    'technical',
    { published: 'OSVersion' },
  ),
  'user_agent.name': of('Browser', 'Failures often belong to one browser.', 'Edge'),
  'user_agent.version': of('Browser version', 'Failures often belong to one version. Major version only.', '141'),
  'telemetry.sdk.name': of('Telemetry software', 'Tells our records from others.', 'meeting-join-telemetry'),
  'telemetry.sdk.version': of('Its version', 'A fault of the telemetry itself can be found.', '1.0.0'),
  'telemetry.sdk.language': of('Its platform', 'OpenTelemetry asks for it.', 'webjs'),
  'telemetry.sent_at_ms': of(
    'Sending time',
    'The collector can correct the times of a device whose clock is wrong.',
    1_763_860_000_000,
    'technical',
    { retention: 'page' },
  ),

  // Joins.
  'meeting.join.id': of(
    'Join id',
    'Links the records of one try, among them its error detail.',
    '7c0d1b52-4a51-4b53-9a55-0d7f6f1b2c3d',
    'pseudonym',
    { pseudonym: joinId },
  ),
  'meeting.join.method': of('Way of joining', 'One way may fail while the others work.', 'native'),
  'meeting.pool': of('Server pool', 'Tells which servers have the problem.', 'pool01.contoso.com', 'organization'),
  'meeting.federation_partner': of(
    'Partner organization',
    'Tells which partner’s meetings fail. Its registered name, in clear text.',
    'Microsoft.com',
    'organization',
    { published: 'FederationPartner' },
  ),
  'meeting.join.result': of('Result', 'Success, failure or given up: the heart of the matter.', 'unexpected_failure'),
  'meeting.join.confidence': of(
    'Certainty',
    'Browsers do not tell whether an app really started: assumed successes are counted apart.',
    'assumed',
  ),
  'meeting.join.duration_ms': of('Time to join', 'A join that takes too long is a failure to people.', 2_312),
  'meeting.join.paused_ms': of('Time waiting for the person', 'Prompts and the lobby must not count as slowness.', 0),
  'meeting.join.stage': of('Last step', 'Tells how far it got.', 'launch'),
  'meeting.join.stage_times': of('Time of each step', 'Tells which step is slow.', 'validate=0;choose=812;launch=2300'),
  'error.type': of('Kind of failure', 'Failures are counted by kind, from a fixed list.', 'server_busy'),
  'meeting.join.error.code': of('Error code', 'The code as the server or client gave it.', '7'),
  'meeting.join.error.subcode': of('Detail code', 'The code’s own detail.', '0'),

  // Census.
  'device.model.identifier': of('Device model', 'Some models have their own problems.', 'SM-S921B', 'technical', {
    published: 'DeviceModel',
  }),
  'device.model.name': of('Device family', 'Some devices have their own problems.', 'iPhone', 'technical', {
    published: 'DeviceModel',
  }),
  'browser.language': of('Language', 'Tells which languages are needed.', 'en-US', 'technical', {
    published: 'UserLanguage',
  }),
  'user.hash': of(
    'User, hashed twice',
    'Counts people without knowing them.',
    'E296D735-4F36-4E18-7C3B-52E1A02A0164',
    'pseudonym',
    {
      published: 'UserID',
      pseudonym:
        'HMAC-SHA-256 on the device, keyed by deployment and category, and again at the collector with its own secret',
    },
  ),
  'app.installation.id': of(
    'Device id',
    'Counts devices. Made at random once on this device.',
    '5e872200-f546-4ccd-8f23-af5f507aa2dd',
    'pseudonym',
    {
      published: 'DeviceID',
      pseudonym: 'random; for census only',
      retention: 'installation',
    },
  ),
  'meeting.sign_in.attempts': of('Sign-in attempts', 'Tells whether people can sign in.', 3),
  'meeting.sign_in.failures': of('Failed sign-ins', 'Tells whether people can sign in.', 1),

  // Usage.
  'meeting.im.sent': of('Messages sent', 'How much messaging is used. Only the number.', 12, 'technical', {
    published: 'IM Sent',
  }),
  'meeting.im.received': of('Messages received', 'How much messaging is used. Only the number.', 5, 'technical', {
    published: 'IM Received',
  }),
  'meeting.join.attempts': of('Tries to join', 'How many tries there were.', 5, 'technical', {
    published: 'Join a meeting (attempts)',
  }),
  'meeting.join.successes': of('Successful joins', 'How many of them worked.', 4, 'technical', {
    published: 'Join a meeting (success)',
  }),
  'meeting.minutes': of('Minutes in meetings', 'How much calls and meetings are used.', 30, 'technical', {
    published: 'Call/meeting minutes',
  }),
  'meeting.stability.issues': of('Unhandled errors', 'How stable the page is. Only the number.', 1),
  'meeting.feature.*': of('Use of a feature', 'Which features are used, and how often.', 2),

  // Error reporting.
  'exception.type': of('Kind of error', 'Errors are grouped by it.', 'TypeError', 'free text', {
    pseudonym: 'scrubbed on the device',
  }),
  'exception.message': of('Error message', 'Says what went wrong.', 'Failed to fetch', 'free text', {
    pseudonym: 'scrubbed on the device',
  }),
  'exception.stacktrace': of(
    'Place in the program',
    'Says where it went wrong: script, line and column.',
    'launch@https://pool01.contoso.com/[path]/launcher.js:12:34',
    'free text',
    { pseudonym: 'scrubbed on the device' },
  ),
  'http.response.status_code': of('HTTP status', 'What the server answered.', 503),
  'meeting.message.direction': of(
    'Message direction',
    'Whether sending or receiving failed.',
    'Incoming',
    'technical',
    { published: 'Message direction' },
  ),
  'meeting.conversation.state': of(
    'Conversation state',
    'What the conversation was doing when it failed.',
    'Idle',
    'technical',
    { published: 'Conversation state' },
  ),
  'meeting.conversation.thread_id': of(
    'Conversation thread',
    'Finds the same conversation in the server’s own logs.',
    'AdDO8hsJqilU93hQHC3OZaPR2saEA==',
    'pseudonym',
    { published: 'Conversation thread ID', pseudonym: 'an opaque id of the server’s own' },
  ),
  'user.id': of(
    'User name',
    'Helps support the person who has the problem. Only where the page tells who is signed in.',
    'amosmarble',
    'personal',
    {
      published: 'UserID',
      pseudonym: 'sent in clear text, hashed by the collector with its own secret before anything is stored',
    },
  ),
  'meeting.error.device.id': of(
    'Device id for errors',
    'Counts how many devices an error meets. Another one than the device id of the census.',
    '2f1d6a0e-9a0f-4f2c-8a55-1c6de2b7a9c1',
    'pseudonym',
    {
      pseudonym: 'random; for error reporting only',
      retention: 'installation',
    },
  ),
  'meeting.error.source': of(
    'How it was noticed',
    'Tells errors that nobody handled from those that somebody reported.',
    'join',
  ),
  'meeting.error.count': of('Repeats', 'The same error many times is sent once, with its number.', 14),
  'network.connection.subtype': of('Connection', 'Slow networks explain many failures.', '4g'),
  'meeting.network.rtt_ms': of('Round trip time', 'Slow networks explain many failures.', 50),
  'meeting.network.downlink_mbps': of('Download speed', 'Slow networks explain many failures.', 9.85),
  'meeting.network.online': of('Online', 'Tells a dead network from a dead server.', true),
  'meeting.device.memory_gib': of('Memory', 'Small devices have their own problems. Rounded by the browser.', 8),
  'meeting.device.cpu_count': of('Processors', 'Small devices have their own problems.', 8),
  'browser.web_vital.name': of('What was measured', 'One of five values that say how fast a page feels.', 'lcp'),
  'browser.web_vital.value': of('Measured value', 'Slow pages lose people.', 1_824.5),
  'browser.web_vital.delta': of('Change of the value', 'The value may be sent again when it has changed.', 1_824.5),
  'browser.web_vital.id': of(
    'Measurement id',
    'Two reports of one measurement are counted once.',
    '0b9f4c1e-7d52-4a86-9f3c-2e1d5a7b8c90',
    'pseudonym',
    { pseudonym: 'random for each page view' },
  ),
  'browser.web_vital.rating': of('Rating', 'Good, in need of improvement, or poor.', 'good'),
  'browser.web_vital.navigation_type': of('Way to the page', 'A reload is not a first visit.', 'navigate'),

  // Losses.
  'telemetry.dropped.reason': of('Reason of loss', 'A full disk is no full queue.', 'expired'),
  'telemetry.dropped.count': of('Number lost', 'Coverage can be told honestly.', 2),
};
