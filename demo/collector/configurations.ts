/**
 * The web service configuration collections, as `Get-CsWebServiceConfiguration | ConvertTo-Json` prints them: one file
 * in DATA_DIR, published as it is, beside a file of who changed what when (NDJSON). Files rather than tables: an
 * administrator may drop the exported file in place at any time (each reading looks whether it has changed), and a lost database does not take the flags with it.
 */
import { appendFileSync, readFileSync, statSync } from 'node:fs';
import { open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';

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
  /** The latest changes, newest first. */
  audit(count?: number): Promise<ConfigurationChange[]>;
  /**
   * What `GET /web-service-configuration.json` answers.
   * @throws while the file in place cannot be read: what was true before may no longer be wanted
   */
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

const identityPattern = /^(global|site:\P{Cc}{1,255}|service:webserver:[a-z0-9.-]{1,255})$/iu;

/** JSON's, or PowerShell's where the export went through `Select-Object` or `Out-String`. */
const flags: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  [false, false],
  ['true', true],
  ['false', false],
]);

/** @throws RangeError whose message is fit to be shown */
export const checkConfiguration = (value: unknown): Configuration => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new RangeError('Not a collection.');
  const { Identity, MeetingUxEnableTelemetry: flag = false } = value as Record<string, unknown>;
  if (typeof Identity !== 'string' || !identityPattern.test(Identity)) {
    throw new RangeError('Identity is Global, Site:<name> or Service:WebServer:<pool FQDN>.');
  }
  const isOn = flags.get(typeof flag === 'string' ? flag.toLowerCase() : flag);
  if (isOn === undefined) throw new RangeError(`MeetingUxEnableTelemetry of ${Identity} is true or false.`);
  return { ...value, Identity, MeetingUxEnableTelemetry: isOn };
};

/** What an administrator dropped in place: UTF-8, or Windows PowerShell's UTF-16; one collection, a list, or `{"value": […]}`. */
export const parseConfigurations = (bytes: Uint8Array): Configuration[] => {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  const parsed: unknown = JSON.parse(new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(bytes));
  const { value = parsed } = Object(parsed) as { value?: unknown };
  return (Array.isArray(value) ? value : [value]).map(checkConfiguration);
};

/** A flag switched off stays off, though the power goes: so the folder, which holds the new name, is synced too. */
const writeDurably = async (path: string, text: string): Promise<void> => {
  const handle = await open(`${path}.new`, 'w', 0o644);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.new`, path);
  // Windows opens no folder.
  if (process.platform === 'win32') return;
  const folder = await open(dirname(path), 'r');
  await folder.sync().finally(() => folder.close());
};

const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** Tells two states of a file apart without reading it; undefined when there is none. */
const stampOf = (path: string): string | undefined => {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
};

const load = (path: string): Configuration[] => {
  try {
    return parseConfigurations(readFileSync(path));
  } catch (error) {
    throw new RangeError(`${path} is no exported configuration (${(error as Error).message}): mend it or delete it.`);
  }
};

const toChanges = (before: readonly Configuration[], after: readonly Configuration[], by: string): string => {
  const identities = new Map([...before, ...after].map(({ Identity }) => [Identity.toLowerCase(), Identity]));
  const at = new Date().toISOString();
  return [...identities.values()]
    .map(identity => ({
      at,
      by,
      identity,
      before: before.find(({ Identity }) => same(Identity, identity)),
      after: after.find(({ Identity }) => same(Identity, identity)),
    }))
    .filter(change => JSON.stringify(change.before) !== JSON.stringify(change.after))
    .map(change => `${JSON.stringify(change)}\n`)
    .join('');
};

/** A line that was broken off, by a full disk or a lost machine, is none. */
const parseChange = (line: string): ConfigurationChange[] => {
  try {
    return [JSON.parse(line) as ConfigurationChange];
  } catch {
    return [];
  }
};

/** On the disk when it returns, and on lines of its own, though the last one was broken off. */
const appendToAudit = (path: string, lines: string): void => {
  const before = statSync(path, { throwIfNoEntry: false }) === undefined ? '' : readFileSync(path, 'utf8');
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  appendFileSync(path, gap + lines, { mode: 0o600, flush: true });
};

export const openConfigurations = async (dataDir: string): Promise<Configurations> => {
  const path = join(dataDir, file);
  const auditPath = join(dataDir, auditFile);
  let stamp = stampOf(path);
  let collections: readonly Configuration[] = stamp === undefined ? [] : load(path);
  let problem: Error | undefined;
  /** Our own writing is no news. */
  let isSaving = false;

  const save = async (next: readonly Configuration[]): Promise<void> => {
    await writeDurably(path, JSON.stringify(next, null, 2));
    stamp = stampOf(path);
    collections = next;
  };

  if (collections.length === 0) await save(firstConfigurations());

  /** Takes up what somebody put in place of the file. Synchronous: no reader sees half of a change. */
  const refresh = (): void => {
    const now = stampOf(path);
    if (now === stamp || isSaving) return;
    try {
      const next = load(path);
      appendToAudit(auditPath, toChanges(collections, next, 'the file'));
      collections = next;
      problem = undefined;
    } catch (error) {
      problem = error as Error;
    }
    // What could not be accounted for is tried again: a disk that was full needs no new file.
    if (problem === undefined || problem instanceof RangeError) stamp = now;
  };

  let turn: Promise<unknown> = Promise.resolve();

  const find = (identity: string) => collections.find(collection => same(collection.Identity, identity));

  /** The audit first: a change that cannot be accounted for is not made. */
  const write = async (next: Configuration[], by: string): Promise<void> => {
    isSaving = true;
    try {
      appendToAudit(auditPath, toChanges(collections, next, by));
      await save(next);
      problem = undefined;
    } finally {
      isSaving = false;
    }
  };

  const check = (): void => {
    refresh();
    if (problem !== undefined) throw problem;
  };

  /** Changes happen one after another, each upon the outcome of the one before. */
  const change = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  };

  return {
    list() {
      refresh();
      return collections;
    },
    get(identity) {
      refresh();
      return find(identity);
    },
    patch: (identity, changes, by) =>
      change(async () => {
        check();
        const before = find(identity);
        const patched = { ...(before ?? defaultConfiguration(identity)), ...changes };
        const after = checkConfiguration({ ...patched, Identity: before?.Identity ?? identity });
        const others = collections.filter(collection => collection !== before);
        await write(before ? collections.map(one => (one === before ? after : one)) : [...others, after], by);
        return after;
      }),
    async audit(count = 100) {
      const text = await readFile(auditPath, 'utf8').catch(() => '');
      const lines = text.split('\n').filter(line => line !== '');
      return lines.flatMap(parseChange).slice(-count).reverse();
    },
    published() {
      check();
      return JSON.stringify(collections, null, 2);
    },
  };
};
