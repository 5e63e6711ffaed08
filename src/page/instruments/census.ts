/**
 * The environment, as far as the browser really tells it: the User-Agent string without the parts that browsers froze
 * (https://www.chromium.org/updates/ua-reduction/), and User-Agent Client Hints (https://wicg.github.io/ua-client-hints/)
 * for what they still know. What is not known is left out, never guessed.
 */
import type { Attributes } from '../../practices/catalog.js';
import { contain } from './contain.js';
import type { Count } from './instrument.js';

export interface Environment {
  /** Coarse: may stand in every category. */
  resource: Attributes;
  /** The same with the full OS version: for census only. */
  censusResource: Attributes;
  /** `device.model.*` and `browser.language` of `meeting.census`. */
  census: Attributes;
}

export interface NavigatorLike {
  userAgent: string;
  language: string;
  maxTouchPoints: number;
  userAgentData?: {
    getHighEntropyValues(names: string[]): Promise<{ platformVersion?: string; model?: string }>;
  };
}

/** How the User-Agent abbreviates. */
const names: Record<string, string> = {
  Edg: 'Edge',
  OPR: 'Opera',
  CriOS: 'Chrome',
  FxiOS: 'Firefox',
  Version: 'Safari',
  iP: 'iOS',
  Mac: 'macOS',
  CrOS: 'Chrome OS',
};

const named = (word = '') => names[word] ?? (word || undefined);

/** The last product is the most specific: every browser calls itself Safari and most call themselves Chrome. */
const product = /.*(Edg|OPR|CriOS|FxiOS|Firefox|Chrome|Version)\w*\/(\d+)/;
const system = /iP|Android|Windows|Mac|CrOS|Linux(?!; A)/;

/**
 * Only Android and iOS still tell the truth, and not always: "Android 10; K" is Chromium's constant, and Safari 26 stays
 * at iOS 18. "Windows NT 10.0" is Windows 10 and 11, "Mac OS X 10_15_7" every macOS since 2019.
 */
const mobileVersion = /(?:Android|(?:iPhone|CPU) OS) ([\d_.]+)\b(?!; K|.*Version\/(?:2[6-9]|[3-9]\d))/;

/** Windows 11 reports 13 and up: https://learn.microsoft.com/microsoft-edge/web-platform/how-to-detect-win11 */
const hinted = (version: string | undefined, isWindows: boolean) => {
  const major = Number.parseInt(`${version}`, 10);
  if (!isWindows) return version;
  return major > 0 ? (major > 12 ? '11' : '10') : undefined;
};

/** Never rejects: a permissions policy may refuse the hints. */
export const environment = async (from: NavigatorLike = navigator): Promise<Environment> => {
  const { userAgent, language, maxTouchPoints } = from;
  const asked = contain(() => from.userAgentData?.getHighEntropyValues(['platformVersion', 'model']));
  const { platformVersion, model } = (await asked?.catch(() => {})) ?? {};
  const [, browser, browserVersion] = product.exec(userAgent) ?? [];
  const [os] = system.exec(userAgent) ?? [];
  const version = hinted(platformVersion, os === 'Windows') || mobileVersion.exec(userAgent)?.[1]?.replace(/_/g, '.');
  const resource = {
    // An iPad asks for desktop pages as a Macintosh; no Macintosh has a touch screen.
    'os.name': named(os === 'Mac' && maxTouchPoints ? 'iP' : os),
    'os.version': version?.split('.')[0],
    'user_agent.name': named(browser),
    'user_agent.version': browserVersion,
  };
  return {
    resource,
    censusResource: { ...resource, 'os.version': version },
    census: {
      'device.model.identifier': model || undefined,
      'device.model.name': /iP\w+/.exec(userAgent)?.[0],
      'browser.language': language,
    },
  };
};

/** Sign-in counters travel in a census record. */
export const recordSignIn = (count: Count, succeeded: boolean): Promise<void> =>
  count('meeting.census', { 'meeting.sign_in.attempts': 1, 'meeting.sign_in.failures': +!succeeded });
