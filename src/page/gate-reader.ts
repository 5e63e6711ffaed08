import { readConfiguration } from '../delivery/configuration.js';
import type { Category } from '../practices/catalog.js';
import { type GateInputs, openCategories } from '../practices/gate.js';
import { readSetting, type Setting } from '../practices/web-service-configuration.js';

/** The attributes as the author wrote them; '' where there is none. */
export interface GateAttributes extends Omit<GateInputs, 'flag'> {
  pool: string;
  site: string;
  configSrc: string;
  endpoint: string;
}

/** The administrator's word on a gate. */
export interface Decision extends Setting {
  /** Those that may be collected. Empty: closed, and what an earlier open gate left behind must go. */
  categories: Category[];
  skewMs: number;
}

/** '' when it is none. */
const toUrl = (text: string): string => {
  try {
    return new URL(text, document.baseURI).href;
  } catch {
    return '';
  }
};

/**
 * Reads the flag and decides the gate. Whatever is in doubt closes it.
 * @param inline text of the inline configuration, '' where there is none
 * @returns undefined when the configuration cannot be reached, which is no answer at all
 * @throws Error when there is no word of the administrator to be had; its message says why
 */
export const decide = async (attributes: GateAttributes, inline: string): Promise<Decision | undefined> => {
  const { pool, site, surface, configSrc, endpoint, disableAutomaticSendTracing, errorReportingOptIn } = attributes;
  const require = (attribute: string, value: unknown, meaning: string) => {
    if (!value) throw Error(`set ${attribute} to ${meaning}`);
  };
  require('endpoint', toUrl(endpoint), 'the URL of OTLP logs ingest');
  require('surface', /^(join-launcher|meetings-app|client)$/.test(surface), 'join-launcher, meetings-app or client');
  // One by one: a spread leaves out what an element's class defines.
  const categoriesWhen = (flag: boolean) =>
    openCategories({ surface, disableAutomaticSendTracing, errorReportingOptIn, flag });
  if (surface === 'client') return { enabled: true, reason: surface, skewMs: 0, categories: categoriesWhen(false) };
  require('pool', pool, 'the FQDN of the pool that hosts the meeting');
  const url = toUrl(configSrc);
  require('config-src', inline || (configSrc && url), 'the URL of the exported configuration');
  const answer = inline ? { ...readSetting(inline, pool, site), skewMs: 0 } : await readConfiguration(url, pool, site);
  return answer && { ...answer, categories: categoriesWhen(answer.enabled) };
};
