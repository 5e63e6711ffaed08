import { readConfiguration } from '../delivery/configuration.js';
import type { Category } from '../practices/catalog.js';
import { openCategories, type Surface, surfaces } from '../practices/gate.js';
import { readSetting, type Scope } from '../practices/web-service-configuration.js';

/** The attributes as the author wrote them; '' where there is none. */
export interface GateAttributes {
  pool: string;
  site: string;
  configSrc: string;
  endpoint: string;
  surface: string;
  /** Text of the inline configuration. */
  inline: string;
  disableAutomaticSendTracing: boolean;
  errorReportingOptIn: boolean;
}

export interface Decision {
  /** Empty: closed. */
  categories: Category[];
  reason: string;
  scope?: Scope | undefined;
  identity?: string | undefined;
  skewMs: number;
  /** The administrator's word, so that what an earlier open gate left behind must go. */
  isExplicit: boolean;
  /** The author's mistake: worth a line on the console. */
  isMistake?: boolean;
}

const mistake = (reason: string): Decision => ({
  categories: [],
  reason,
  skewMs: 0,
  isExplicit: false,
  isMistake: true,
});

const isUrl = (url: string) =>
  URL.canParse(url, document.baseURI) && /^https?:/.test(new URL(url, document.baseURI).protocol);

/** What is wrong with the attributes, naming the attribute and the fix. */
const findMistake = ({ pool, surface, endpoint, configSrc, inline }: GateAttributes): string | undefined => {
  if (!surfaces.includes(surface as Surface)) return `surface="${surface}" is unknown: use ${surfaces.join(', ')}`;
  if (!isUrl(endpoint)) return `endpoint="${endpoint}" is no URL: set it to the OTLP logs ingest`;
  if (surface === 'client') return undefined;
  if (!pool) return 'pool is missing: set it to the FQDN of the pool that hosts the meeting';
  if (!configSrc && !inline) return 'config-src is missing: set it to the URL of the exported configuration';
  return isUrl(configSrc || '/') ? undefined : `config-src="${configSrc}" is no URL`;
};

/**
 * Reads the flag and decides the gate. Whatever is in doubt closes it.
 * @returns undefined when the configuration cannot be reached, which is no answer at all
 */
export const decide = async (attributes: GateAttributes): Promise<Decision | undefined> => {
  const wrong = findMistake(attributes);
  if (wrong) return mistake(wrong);
  const { pool, site, inline, disableAutomaticSendTracing, errorReportingOptIn } = attributes;
  const surface = attributes.surface as Surface;
  const decideBy = (flag: boolean) =>
    openCategories({ surface, flag, disableAutomaticSendTracing, errorReportingOptIn });

  if (surface === 'client') {
    return { categories: decideBy(false), reason: 'the client surface always has census', skewMs: 0, isExplicit: true };
  }
  if (inline) {
    const setting = readSetting(inline, pool, site);
    if (!setting) return mistake('the inline configuration is not the JSON of Get-CsWebServiceConfiguration');
    return { ...setting, categories: decideBy(setting.enabled), skewMs: 0, isExplicit: true };
  }
  const answer = await readConfiguration(attributes.configSrc, pool, site);
  if (answer.kind === 'unreachable') return undefined;
  if (answer.kind === 'unreadable') return { ...mistake(answer.reason) };
  const { setting, skewMs } = answer;
  return { ...setting, categories: decideBy(setting.enabled), skewMs, isExplicit: true };
};
