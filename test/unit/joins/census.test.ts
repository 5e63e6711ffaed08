import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { environment, type NavigatorLike, recordSignIn } from '#src/page/instruments/census.js';
import { recordUsage, toDeltas } from '#src/page/instruments/usage.js';

const blink = (os: string, extra = '') =>
  `Mozilla/5.0 (${os}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0${extra} Safari/537.36`;
const hints = (platformVersion: string, model = '') => ({
  getHighEntropyValues: async () => ({ platformVersion, model }),
});

describe('environment', () => {
  type Row = [
    name: string,
    from: Partial<NavigatorLike>,
    resource: (string | undefined)[],
    full?: string | undefined,
    model?: string,
  ];
  const rows: Row[] = [
    [
      'Chrome on Windows 11',
      { userAgent: blink('Windows NT 10.0; Win64; x64'), userAgentData: hints('15.0.0') },
      ['Windows', '11', 'Chrome', '141'],
      '11',
    ],
    [
      'Edge on Windows 10',
      { userAgent: `${blink('Windows NT 10.0; Win64; x64')} Edg/141.0.0.0`, userAgentData: hints('10.0.0') },
      ['Windows', '10', 'Edge', '141'],
      '10',
    ],
    [
      'Chrome without hints on Windows',
      { userAgent: blink('Windows NT 10.0; Win64; x64') },
      ['Windows', undefined, 'Chrome', '141'],
    ],
    [
      'Firefox on Windows',
      { userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:153.0) Gecko/20100101 Firefox/153.0' },
      ['Windows', undefined, 'Firefox', '153'],
    ],
    [
      'Chrome on macOS',
      { userAgent: blink('Macintosh; Intel Mac OS X 10_15_7'), userAgentData: hints('15.3.1') },
      ['macOS', '15', 'Chrome', '141'],
      '15.3.1',
    ],
    [
      'Safari on macOS',
      {
        userAgent:
          'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15',
      },
      ['macOS', undefined, 'Safari', '18'],
    ],
    [
      'Safari on iPhone',
      {
        userAgent:
          'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
      },
      ['iOS', '17', 'Safari', '17'],
      '17.5.1',
      'iPhone',
    ],
    [
      'Safari 26 on iPhone, whose OS version is frozen',
      {
        userAgent:
          'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1',
      },
      ['iOS', undefined, 'Safari', '26'],
      undefined,
      'iPhone',
    ],
    [
      'Chrome on iPhone',
      {
        userAgent:
          'Mozilla/5.0 (iPhone; CPU iPhone OS 18_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141.0.7390.41 Mobile/15E148 Safari/604.1',
      },
      ['iOS', '18', 'Chrome', '141'],
      '18.2',
      'iPhone',
    ],
    [
      'Safari on iPad that asks for desktop pages',
      {
        userAgent:
          'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15',
        maxTouchPoints: 5,
      },
      ['iOS', undefined, 'Safari', '18'],
    ],
    [
      'Firefox on iPad',
      {
        userAgent:
          'Mozilla/5.0 (iPad; CPU OS 16_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/141.0 Mobile/15E148 Safari/605.1.15',
      },
      ['iOS', '16', 'Firefox', '141'],
      '16.7',
      'iPad',
    ],
    [
      'Chrome on Android',
      { userAgent: blink('Linux; Android 10; K', ' Mobile'), userAgentData: hints('14.0.0', 'Pixel 7') },
      ['Android', '14', 'Chrome', '141'],
      '14.0.0',
      'Pixel 7',
    ],
    [
      'Chrome on Android without hints',
      { userAgent: blink('Linux; Android 10; K', ' Mobile') },
      ['Android', undefined, 'Chrome', '141'],
    ],
    [
      'Firefox on Android',
      { userAgent: 'Mozilla/5.0 (Android 14; Mobile; rv:141.0) Gecko/141.0 Firefox/141.0' },
      ['Android', '14', 'Firefox', '141'],
      '14',
    ],
    [
      'Chrome on Linux',
      { userAgent: blink('X11; Linux x86_64'), userAgentData: hints('6.1.0') },
      ['Linux', '6', 'Chrome', '141'],
      '6.1.0',
    ],
    [
      'headless',
      {
        userAgent:
          'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36',
      },
      ['Linux', undefined, 'Chrome', '156'],
    ],
    [
      'Chrome OS',
      { userAgent: blink('X11; CrOS x86_64 14541.0.0'), userAgentData: hints('16093.0.0') },
      ['Chrome OS', '16093', 'Chrome', '141'],
      '16093.0.0',
    ],
    ['Opera', { userAgent: `${blink('X11; Linux x86_64')} OPR/120.0.0.0` }, ['Linux', undefined, 'Opera', '120']],
    [
      'hints refused',
      {
        userAgent: blink('X11; Linux x86_64'),
        userAgentData: { getHighEntropyValues: () => Promise.reject(new Error('policy')) },
      },
      ['Linux', undefined, 'Chrome', '141'],
    ],
    [
      'hints that throw',
      {
        userAgent: blink('X11; Linux x86_64'),
        userAgentData: {
          getHighEntropyValues() {
            throw new Error('no');
          },
        },
      },
      ['Linux', undefined, 'Chrome', '141'],
    ],
    ['nothing known', { userAgent: 'curl/8' }, [undefined, undefined, undefined, undefined]],
  ];
  for (const [name, from, [os, version, browser, browserVersion], full, model] of rows) {
    it(name, async () => {
      const { resource, censusResource, census } = await environment({
        language: 'it-IT',
        maxTouchPoints: 0,
        userAgent: '',
        ...from,
      });
      assert.deepEqual(resource, {
        'os.name': os,
        'os.version': version,
        'user_agent.name': browser,
        'user_agent.version': browserVersion,
      });
      assert.deepEqual(censusResource, { ...resource, 'os.version': full });
      assert.equal(census['device.model.name'] ?? census['device.model.identifier'], model);
      assert.equal(census['browser.language'], 'it-IT');
    });
  }
});

it('sign-ins are counted for census', async () => {
  const counted: unknown[] = [];
  const count = async (...call: unknown[]) => void counted.push(call);
  await recordSignIn(count, true);
  await recordSignIn(count, false);
  assert.deepEqual(counted, [
    ['meeting.census', { 'meeting.sign_in.attempts': 1, 'meeting.sign_in.failures': 0 }],
    ['meeting.census', { 'meeting.sign_in.attempts': 1, 'meeting.sign_in.failures': 1 }],
  ]);
});

describe('usage', () => {
  it('becomes deltas', () => {
    assert.deepEqual(
      toDeltas({
        imSent: 12,
        imReceived: 5,
        meetingMinutes: 30.5,
        features: { 'Screen Share': 2, 'screen-share': 1, chat: 0 },
      }),
      {
        'meeting.im.sent': 12,
        'meeting.im.received': 5,
        'meeting.minutes': 30.5,
        'meeting.feature.screen_share': 3,
      },
    );
  });
  it('takes only what can be added', () => {
    const odd = { imSent: -1, imReceived: Number.NaN, meetingMinutes: Number.POSITIVE_INFINITY, features: { a: 'x' } };
    assert.deepEqual(toDeltas(odd as unknown as Parameters<typeof toDeltas>[0]), {});
  });
  it('survives what the page hands in', async () => {
    const counted: unknown[] = [];
    const count = async (_: string, deltas: unknown) => void counted.push(deltas);
    await recordUsage(count, undefined as unknown as object);
    await recordUsage(count, {
      get features(): Record<string, number> {
        throw new Error('getter');
      },
    });
    assert.deepEqual(
      counted.filter(deltas => Object.keys(deltas as object).length > 0),
      [],
    );
  });
});
