import { readSetting, type Setting } from '../practices/web-service-configuration.js';

/** The administrator's word: a setting. */
export interface ConfigurationAnswer extends Setting {
  /** Milliseconds to add to this clock for the server's. */
  skewMs: number;
}

const timeoutMs = 10_000;

/** `Date` has whole seconds, and so does what it says of the skew. */
const toleranceMs = 2_000;

const skewOf = ({ headers }: Response): number => {
  const skewMs = Date.parse(headers.get('date') ?? '') - Date.now();
  return Math.abs(skewMs) > toleranceMs ? skewMs : 0;
};

/** UTF-16LE is what Windows PowerShell's `>` writes: its BOM begins with a byte that UTF-8 never has. */
const decode = (bytes: ArrayBuffer) =>
  new TextDecoder(new Uint8Array(bytes)[0] === 0xff ? 'utf-16le' : 'utf-8').decode(bytes);

/**
 * Reads the exported configuration for a pool. A missing one (404, 410) is an answer too: off.
 * @returns undefined when there is no answer
 * @throws Error when there is one that is not the administrator's word, a captive portal's for one: nothing may be
 * collected, and nothing deleted on its account
 */
export const readConfiguration = async (
  url: string,
  pool: string,
  site: string,
): Promise<ConfigurationAnswer | undefined> => {
  let response: Response;
  let bytes: ArrayBuffer;
  try {
    response = await fetch(url, { cache: 'no-store', signal: AbortSignal.timeout(timeoutMs) });
    bytes = await response.arrayBuffer();
  } catch {
    return undefined;
  }
  const { ok, status } = response;
  const isMissing = status === 404 || status === 410;
  if (!ok && !isMissing) throw Error(`${url} answers ${status}`);
  const setting = isMissing ? { enabled: false, reason: `${url} is missing` } : readSetting(decode(bytes), pool, site);
  return { ...setting, skewMs: skewOf(response) };
};
