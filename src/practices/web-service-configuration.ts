/**
 * Reads what `Get-CsWebServiceConfiguration | ConvertTo-Json` prints. Whatever is in doubt reads as false.
 */
export type Scope = 'service' | 'site' | 'global';

/** What the configuration says of one pool. */
export interface Setting {
  enabled: boolean;
  /** Why, in words an administrator can act on. */
  reason: string;
  scope?: Scope;
  /** The Identity of the governing collection, as it is written there. */
  identity?: string;
}

type Collection = { Identity: string; MeetingUxEnableTelemetry?: unknown };

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const isCollection = (value: unknown): value is Collection => isObject(value) && typeof value.Identity === 'string';

/**
 * Windows PowerShell prints one collection as an object, several as an array, and an array that went through
 * `Select-Object` or a variable as `{"value": […], "Count": n}`.
 * @returns undefined when the text is no such export.
 */
const parseCollections = (text: string): Collection[] | undefined => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (isObject(parsed) && Array.isArray(parsed.value)) parsed = parsed.value;
  const collections = Array.isArray(parsed) ? parsed : [parsed];
  return collections.every(isCollection) ? collections : undefined;
};

const isTrue = (value: unknown) => value === true || (typeof value === 'string' && value.toLowerCase() === 'true');

/**
 * The collection that governs a pool: service over site over global, whole collections, no merge per property.
 * @param pool FQDN of the pool that hosts the meeting
 * @param site name of its site, '' when the page does not say
 * @returns undefined when the text is unreadable, so that nobody mistakes it for the administrator's word
 */
export const readSetting = (text: string, pool: string, site: string): Setting | undefined => {
  const collections = parseCollections(text);
  if (!collections) return undefined;
  const withIdentity = (identity: string) =>
    collections.filter(collection => collection.Identity.toLowerCase() === identity.toLowerCase());
  const decide = (scope: Scope, found: Collection[]): Setting | undefined => {
    const [first, second] = found;
    if (!first) return undefined;
    const identity = first.Identity;
    if (second) return { enabled: false, scope, identity, reason: `${identity} is there twice: export it again` };
    const enabled = isTrue(first.MeetingUxEnableTelemetry);
    return { enabled, scope, identity, reason: `MeetingUxEnableTelemetry is ${enabled} in ${identity}` };
  };
  const setting =
    decide('service', withIdentity(`service:WebServer:${pool}`)) ??
    decide('site', site ? withIdentity(`site:${site}`) : []) ??
    decide('global', withIdentity('global'));
  if (!setting)
    return { enabled: false, reason: `no collection for ${pool}: export service:WebServer:${pool} or global` };
  const contradicts = (collection: Collection) =>
    /^site:/i.test(collection.Identity) && !isTrue(collection.MeetingUxEnableTelemetry);
  if (setting.enabled && setting.scope === 'global' && !site && collections.some(contradicts)) {
    return { ...setting, enabled: false, reason: 'some sites are off: set the site attribute to the site of the pool' };
  }
  return setting;
};
