/**
 * The web service configuration collections, as `Get-CsWebServiceConfiguration | ConvertTo-Json` prints them: one file
 * in DATA_DIR, published as it is, beside a file of who changed what when (NDJSON). Files rather than tables: an
 * administrator may drop the exported file in place, and a lost database does not take the flags with it.
 */
import { appendFile, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

export type Configuration = { Identity: string; MeetingUxEnableTelemetry: boolean } & Record<string, unknown>;

export interface ConfigurationChange {
  at: string;
  by: string;
  identity: string;
  before: Configuration | undefined;
  after: Configuration | undefined;
}

export interface Configurations {
  list(): readonly Configuration[];
  get(identity: string): Configuration | undefined;
  /** Changes properties of a collection; a collection that is not there yet begins from the defaults, as New-Cs… does. */
  patch(identity: string, changes: Record<string, unknown>, by: string): Promise<Configuration>;
  remove(identity: string, by: string): Promise<boolean>;
  /** Import: these and no others. */
  replace(collections: readonly Configuration[], by: string): Promise<void>;
  /** The latest changes, newest first. */
  audit(count?: number): Promise<ConfigurationChange[]>;
  /** What `GET /web-service-configuration.json` answers. */
  published(): string;
}

const file = 'web-service-configuration.json';
const auditFile = 'web-service-configuration-audit.ndjson';

/** The six seconds of JoinLauncherCdnTimeout as ConvertTo-Json writes a TimeSpan. */
const sixSeconds = {
  Ticks: 60_000_000,
  Days: 0,
  Hours: 0,
  Milliseconds: 0,
  Minutes: 0,
  Seconds: 6,
  TotalDays: 6.944444444444444e-5,
  TotalHours: 0.0016666666666666668,
  TotalMilliseconds: 6000,
  TotalMinutes: 0.1,
  TotalSeconds: 6,
};

/** A new collection, whatever its scope: telemetry is off. */
export const defaultConfiguration = (identity: string): Configuration => ({
  Identity: identity,
  MeetingUxEnableTelemetry: false,
  MeetingUxUseCdn: false,
  JoinLauncherCdnTimeout: sixSeconds,
  JoinLauncherCdnConfigUri: null,
  LWACdnConfigUri: null,
  AllowAnonymousAccessToLWAConference: true,
  EnableCORS: false,
  CrossDomainAuthorizationList: [],
});

/** Two pools to try: one on, one off. */
export const firstConfigurations = (): Configuration[] => [
  defaultConfiguration('Global'),
  { ...defaultConfiguration('Service:WebServer:pool01.contoso.com'), MeetingUxEnableTelemetry: true },
  defaultConfiguration('Service:WebServer:pool02.contoso.com'),
];

const identityPattern = /^(global|site:[^\s:]{1,255}|service:webserver:[a-z0-9.-]{1,255})$/i;

/** @throws RangeError whose message is fit to be shown */
export const checkConfiguration = (value: unknown): Configuration => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new RangeError('Not a collection.');
  const { Identity, MeetingUxEnableTelemetry: flag = false } = value as Record<string, unknown>;
  if (typeof Identity !== 'string' || !identityPattern.test(Identity)) {
    throw new RangeError('Identity is Global, Site:<name> or Service:WebServer:<pool FQDN>.');
  }
  if (typeof flag !== 'boolean') throw new RangeError(`MeetingUxEnableTelemetry of ${Identity} is true or false.`);
  return { ...value, Identity, MeetingUxEnableTelemetry: flag };
};

/** What an administrator dropped in place may begin with a byte order mark, and one collection is an object. */
export const parseConfigurations = (bytes: Uint8Array): Configuration[] => {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  const parsed: unknown = JSON.parse(new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(bytes));
  return (Array.isArray(parsed) ? parsed : [parsed]).map(checkConfiguration);
};

const writeDurably = async (path: string, text: string): Promise<void> => {
  const handle = await open(`${path}.new`, 'w', 0o644);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.new`, path);
};

const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

const load = async (path: string): Promise<Configuration[] | undefined> => {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch {
    return undefined;
  }
  try {
    return parseConfigurations(bytes);
  } catch (error) {
    throw new RangeError(`${path} is no exported configuration (${(error as Error).message}): mend it or delete it.`);
  }
};

export const openConfigurations = async (dataDir: string): Promise<Configurations> => {
  const path = join(dataDir, file);
  const auditPath = join(dataDir, auditFile);
  let collections: readonly Configuration[] = (await load(path)) ?? [];
  if (collections.length === 0) {
    collections = firstConfigurations();
    await writeDurably(path, JSON.stringify(collections, null, 2));
  }
  let turn: Promise<unknown> = Promise.resolve();

  const find = (identity: string) => collections.find(collection => same(collection.Identity, identity));

  /** The audit first: a change that cannot be accounted for is not made. */
  const write = async (next: Configuration[], by: string): Promise<void> => {
    const before = collections;
    const identities = new Map([...before, ...next].map(({ Identity }) => [Identity.toLowerCase(), Identity]));
    const at = new Date().toISOString();
    const changes = [...identities.values()].map(identity => ({
      at,
      by,
      identity,
      before: before.find(({ Identity }) => same(Identity, identity)),
      after: next.find(({ Identity }) => same(Identity, identity)),
    }));
    const changed = changes.filter(change => JSON.stringify(change.before) !== JSON.stringify(change.after));
    await appendFile(auditPath, changed.map(change => `${JSON.stringify(change)}\n`).join(''), { mode: 0o600 });
    await writeDurably(path, JSON.stringify(next, null, 2));
    collections = next;
  };

  /** Changes happen one after another, each upon the outcome of the one before. */
  const change = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  };

  return {
    list: () => collections,
    get: find,
    patch: (identity, changes, by) =>
      change(async () => {
        const before = find(identity);
        const patched = { ...(before ?? defaultConfiguration(identity)), ...changes };
        const after = checkConfiguration({ ...patched, Identity: before?.Identity ?? identity });
        const others = collections.filter(collection => collection !== before);
        await write(before ? collections.map(one => (one === before ? after : one)) : [...others, after], by);
        return after;
      }),
    remove: (identity, by) =>
      change(async () => {
        const before = find(identity);
        if (before === undefined) return false;
        await write(
          collections.filter(collection => collection !== before),
          by,
        );
        return true;
      }),
    replace: (next, by) => change(() => write(next.map(checkConfiguration), by)),
    async audit(count = 100) {
      const text = await readFile(auditPath, 'utf8').catch(() => '');
      const lines = text.split('\n').filter(line => line !== '');
      return lines
        .slice(-count)
        .reverse()
        .map(line => JSON.parse(line) as ConfigurationChange);
    },
    published: () => JSON.stringify(collections, null, 2),
  };
};
