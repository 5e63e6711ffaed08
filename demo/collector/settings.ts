/** The environment → settings, or one line that names the variable and the fix. */
import { randomBytes } from 'node:crypto';
import { access, constants, mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parseCollectorKey } from './pseudonym.js';
import { storeFile } from './store.js';

export interface Settings {
  port: number;
  host: string;
  dataDir: string;
  opsToken: string;
  collectorKey: string;
  /** Faults on purpose are for the machine one sits at. */
  isLoopback: boolean;
  allowedOrigins: string[];
  forwardTo?: string;
  limits: { clientRequestsPerSecond?: number; clientBurst?: number };
}

/** The message is one line that says what to change. */
export class SettingsError extends Error {}

type Environment = Record<string, string | undefined>;

const parsePort = (text = '8080'): number => {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new SettingsError(`PORT=${text} is no port: set it to 0 (any free one) … 65535.`);
};

const isLoopbackHost = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|::1)$/.test(host);

/** Not `recursive: true`: where a parent refuses with ENOENT, as /proc does, Node then tries for ever. */
const makeDir = async (path: string): Promise<void> => {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeDir(dirname(path));
    await mkdir(path, { mode: 0o700 });
  }
};

const writableDir = async (dataDir: string): Promise<string> => {
  try {
    await makeDir(dataDir);
    await access(join(dataDir, '.'), constants.W_OK | constants.X_OK);
    return dataDir;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SettingsError(`DATA_DIR=${dataDir} cannot be written (${code}): set it to a folder you may write to.`);
  }
};

/** Whole or not at all, and never over another: of two starts at once, one makes it. */
const makeSecret = async (path: string): Promise<void> => {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(`${randomBytes(32).toString('hex')}\n`);
    await handle.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
};

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/**
 * Made once and kept beside the data, readable by its owner alone. One that is there is never replaced: under another
 * key nobody in the data would be who they were.
 */
const keptSecret = async (path: string, variable: string): Promise<string> => {
  let secret: string;
  try {
    if (!(await exists(path))) await makeSecret(path);
    secret = (await readFile(path, 'utf8')).trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SettingsError(`${path} cannot be used (${code}): mend it, or set ${variable}.`);
  }
  if (secret !== '') return secret;
  throw new SettingsError(`${path} is empty: put back what it held, or set ${variable}; delete it for a new one.`);
};

/** Data without the key that made its pseudonyms: it was lost on the way, or was in the environment until now. */
const keptKey = async (dataDir: string): Promise<string> => {
  const path = join(dataDir, 'collector-key');
  if ((await exists(path)) || !(await exists(join(dataDir, storeFile)))) return keptSecret(path, 'COLLECTOR_KEY');
  throw new SettingsError(
    `${path} is missing, and with it the key of the data beside it: put it back, or set COLLECTOR_KEY (to a new one, if the old is lost).`,
  );
};

const requireSecrets = (host: string, { OPS_TOKEN, COLLECTOR_KEY }: Environment): void => {
  const missing = Object.entries({ OPS_TOKEN, COLLECTOR_KEY }).flatMap(([name, value]) => (value ? [] : [name]));
  if (missing.length > 0) {
    throw new SettingsError(`HOST=${host} is open to others: set ${missing.join(' and ')}, or HOST=127.0.0.1.`);
  }
};

const parseKey = (key: string): string => {
  try {
    parseCollectorKey(key);
    return key;
  } catch (error) {
    throw new SettingsError((error as Error).message);
  }
};

/** As RFC 6750 wants it: it travels in `Authorization: Bearer`. */
const parseToken = (token: string): string => {
  if (/^[\w.~+/-]+=*$/.test(token)) return token;
  throw new SettingsError(
    'OPS_TOKEN is letters, digits and -._~+/ only: anything else cannot travel as a bearer token.',
  );
};

const parseEndpoint = (text: string): string => {
  if (/^https?:$/.test(URL.canParse(text) ? new URL(text).protocol : '')) return text;
  throw new SettingsError(
    `OTEL_EXPORTER_OTLP_ENDPOINT=${text} is no http(s) URL: name the next hop's base, as http://otelcol:4318.`,
  );
};

/** One client's requests per second; the burst is ten times that. */
const parseRate = (text: string): Settings['limits'] => {
  const clientRequestsPerSecond = Number(text);
  if (clientRequestsPerSecond > 0) return { clientRequestsPerSecond, clientBurst: clientRequestsPerSecond * 10 };
  throw new SettingsError(`CLIENT_REQUESTS_PER_SECOND=${text} is no number above 0.`);
};

const parseList = (text = ''): string[] => text.split(/[\s,]+/).filter(item => item !== '');

export const parseSettings = async (environment: Environment): Promise<Settings> => {
  const { HOST: host = '127.0.0.1', OTEL_EXPORTER_OTLP_ENDPOINT: next, CLIENT_REQUESTS_PER_SECOND: rate } = environment;
  const port = parsePort(environment.PORT);
  if (!isLoopbackHost(host)) requireSecrets(host, environment);
  const dataDir = await writableDir(resolve(environment.DATA_DIR || '.data'));
  return {
    port,
    host,
    dataDir,
    isLoopback: isLoopbackHost(host),
    opsToken: parseToken(environment.OPS_TOKEN || (await keptSecret(join(dataDir, 'ops-token'), 'OPS_TOKEN'))),
    collectorKey: parseKey(environment.COLLECTOR_KEY || (await keptKey(dataDir))),
    allowedOrigins: parseList(environment.CORS_ORIGINS),
    ...(next ? { forwardTo: parseEndpoint(next) } : {}),
    limits: rate ? parseRate(rate) : {},
  };
};
