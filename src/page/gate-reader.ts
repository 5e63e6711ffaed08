import { readConfiguration } from '../delivery/configuration.js';
import type { Surface } from '../practices/gate.js';
import { readSetting, type Setting } from '../practices/web-service-configuration.js';
import { toUrl } from './url.js';

/** The attributes as the author wrote them; '' where there is none. */
export interface GateAttributes {
  surface: Surface;
  pool: string;
  site: string;
  configSrc: string;
  endpoint: string;
}

/** The administrator's word on a gate. */
export interface Decision extends Setting {
  /** What to add to this computer's clock for the server's. */
  skewMs: number;
}

/**
 * Reads the flag and decides the gate. Whatever is in doubt closes it.
 * @param inline text of the inline configuration, '' where there is none
 * @returns undefined when the configuration cannot be reached, which is no answer at all
 * @throws Error when there is no word of the administrator to be had; its message says why
 */
export const decide = async (attributes: GateAttributes, inline: string): Promise<Decision | undefined> => {
  const { pool, site, surface, configSrc, endpoint } = attributes;
  const require = (attribute: string, value: unknown, meaning: string) => {
    if (!value) throw Error(`set ${attribute} to ${meaning}`);
  };
  require('endpoint', toUrl(endpoint), 'the URL of OTLP logs ingest');
  require('surface', /^(join-launcher|meetings-app|client)$/.test(surface), 'join-launcher, meetings-app or client');
  // Census cannot be turned off there (practices/gate.ts).
  if (surface === 'client') return { enabled: true, reason: surface, skewMs: 0 };
  require('pool', pool, 'the FQDN of the pool that hosts the meeting');
  const url = toUrl(configSrc);
  require('config-src', inline || url, 'the URL of the exported configuration');
  return inline ? { ...readSetting(inline, pool, site), skewMs: 0 } : readConfiguration(url, pool, site);
};
