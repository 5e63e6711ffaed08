import { readSetting, type Setting } from '../practices/index.js';

export type ConfigurationAnswer =
  /** The administrator's word. */
  | { kind: 'setting'; setting: Setting; skewMs: number }
  /** An answer, but no word of the administrator's: closed, and nothing is deleted on its account. */
  | { kind: 'unreadable'; reason: string }
  /** No answer. */
  | { kind: 'unreachable'; reason: string };

const timeoutMs = 10_000;

/** UTF-16LE is what Windows PowerShell's `>` writes. Without a BOM it is UTF-8. */
const decode = (bytes: ArrayBuffer): string => {
  const [first, second] = new Uint8Array(bytes);
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding).decode(bytes);
};

/** Milliseconds to add to this clock for the server's. The header has whole seconds, so less than two mean nothing. */
const skewOf = (date: string | null): number => {
  const skewMs = date ? Date.parse(date) - Date.now() : 0;
  return Math.abs(skewMs) > 2_000 ? skewMs : 0;
};

/** Reads the exported configuration for a pool. Never throws. */
export const readConfiguration = async (url: string, pool: string, site: string): Promise<ConfigurationAnswer> => {
  let response: Response;
  let bytes: ArrayBuffer;
  try {
    response = await fetch(url, { cache: 'no-store', signal: AbortSignal.timeout(timeoutMs) });
    bytes = await response.arrayBuffer();
  } catch (error) {
    return { kind: 'unreachable', reason: `${url} cannot be reached: ${error}` };
  }
  const { status } = response;
  const skewMs = skewOf(response.headers.get('date'));
  if (status === 404 || status === 410) {
    return { kind: 'setting', setting: { enabled: false, reason: `${url} is missing (${status})` }, skewMs };
  }
  if (!response.ok) return { kind: 'unreadable', reason: `${url} answers ${status}` };
  const setting = readSetting(decode(bytes), pool, site);
  return setting
    ? { kind: 'setting', setting, skewMs }
    : { kind: 'unreadable', reason: `${url} is not the JSON of Get-CsWebServiceConfiguration` };
};
