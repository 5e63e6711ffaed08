import { readSetting } from 'meeting-join-telemetry/practices.js';
import type { AuditEntry, Collection, Configurations, Governed } from './browser/api.js';
import type { Reader } from './store.js';

/** A collection as `Get-CsWebServiceConfiguration` prints it; what else stands there is kept. */
export interface RawCollection {
  Identity: string;
  MeetingUxEnableTelemetry?: unknown;
  [property: string]: unknown;
}

/** The collector's book of configuration collections. */
export interface ConfigurationBook {
  list(): Promise<RawCollection[]>;
  /** Changes properties of a collection, which comes into being when there is none of that identity. */
  change(identity: string, properties: Record<string, unknown>, who: string): Promise<RawCollection>;
  /** The newest first. */
  audit(): Promise<AuditEntry[]>;
}

const scopeOf = (identity: string): Collection['scope'] => {
  const lower = identity.toLowerCase();
  if (lower.startsWith('service:')) return 'service';
  return lower.startsWith('site:') ? 'site' : 'global';
};

export const isOn = (value: unknown): boolean => value === true || String(value).toLowerCase() === 'true';

const poolOf = (identity: string): string | undefined => /^service:WebServer:(.+)$/i.exec(identity)?.[1]?.toLowerCase();

const govern = (text: string, pool: string, attempts: number): Governed => {
  const setting = readSetting(text, pool, '');
  return {
    pool,
    enabled: setting?.enabled ?? false,
    identity: setting?.identity ?? null,
    scope: setting?.scope ?? null,
    reason: setting?.reason ?? 'the configuration cannot be read',
    attempts,
  };
};

const readPools = async (reader: Reader, sinceMs: number): Promise<Map<string, number>> => {
  const rows = await reader.query(
    "select pool, count(*) as attempts from derived.joins where pool <> '' and at_ms >= ? group by 1 order by 2 desc limit 500",
    [sinceMs],
  );
  return new Map(rows.map(({ pool, attempts }) => [String(pool), Number(attempts)]));
};

/** Every collection, and what it makes of every pool that was joined since then or has a collection of its own. */
export const readConfigurations = async (
  reader: Reader,
  book: ConfigurationBook,
  sinceMs: number,
): Promise<Configurations> => {
  const list = await book.list();
  const attempts = await readPools(reader, sinceMs);
  for (const { Identity } of list) {
    const pool = poolOf(Identity);
    if (pool !== undefined && !attempts.has(pool)) attempts.set(pool, 0);
  }
  const text = JSON.stringify(list);
  return {
    collections: list.map(({ Identity, MeetingUxEnableTelemetry }) => ({
      identity: Identity,
      scope: scopeOf(Identity),
      enabled: isOn(MeetingUxEnableTelemetry),
    })),
    pools: [...attempts].map(([pool, n]) => govern(text, pool, n)).sort((a, b) => (a.pool < b.pool ? -1 : 1)),
    audit: await book.audit(),
  };
};

const identityPattern = /^(global|site:\P{Cc}{1,200}|service:WebServer:[a-z0-9.-]{1,253})$/iu;

export const isIdentity = (text: string): boolean => identityPattern.test(text);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Windows PowerShell's `>` writes UTF-16LE; everything else writes UTF-8, with a byte order mark or without. */
const decode = (bytes: Uint8Array): string =>
  new TextDecoder(bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8').decode(bytes);

const checkCollection = (collection: unknown, at: number): RawCollection => {
  const { Identity, MeetingUxEnableTelemetry: flag = false } = isObject(collection) ? collection : {};
  if (typeof Identity !== 'string' || !isIdentity(Identity)) {
    throw new TypeError(`collection ${at + 1} has no Identity like global, site:Name or service:WebServer:pool.fqdn`);
  }
  if (!/^(true|false)$/i.test(String(flag))) {
    throw new TypeError(`MeetingUxEnableTelemetry of ${Identity} is neither true nor false`);
  }
  return { ...(collection as RawCollection), Identity };
};

/**
 * The collections of an export of `Get-CsWebServiceConfiguration | ConvertTo-Json`: one object, an array, or
 * PowerShell's `{"value": […]}`.
 * @throws TypeError that says what is wrong, fit to be shown
 */
export const parseExport = (bytes: Uint8Array): RawCollection[] => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(decode(bytes));
  } catch {
    throw new TypeError('the file is not JSON: export it with Get-CsWebServiceConfiguration | ConvertTo-Json');
  }
  const inner = isObject(parsed) && Array.isArray(parsed.value) ? parsed.value : parsed;
  const list = Array.isArray(inner) ? inner : [inner];
  if (list.length === 0) throw new TypeError('the file holds no collection');
  return list.map(checkCollection);
};

/** What a PATCH may say: the one switch this product is about. */
export const parseChange = (body: unknown): { MeetingUxEnableTelemetry: boolean } => {
  const value = isObject(body) ? body.MeetingUxEnableTelemetry : undefined;
  if (typeof value !== 'boolean') throw new TypeError('say {"MeetingUxEnableTelemetry": true} or false');
  return { MeetingUxEnableTelemetry: value };
};
