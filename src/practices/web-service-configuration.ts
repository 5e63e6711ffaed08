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

type Collection = { Identity: string; name: string; MeetingUxEnableTelemetry?: unknown };

/**
 * Windows PowerShell prints one collection as an object, several as an array, and an array that went through
 * `Select-Object` or a variable as `{"value": […], "Count": n}`.
 * @returns the collections, with the Identity in lower case as `name`
 */
const parseCollections = (text: string): Collection[] => {
  try {
    const parsed = JSON.parse(text);
    return [parsed.value ?? parsed].flat().map(each => ({ ...each, name: each.Identity.toLowerCase() }));
  } catch {
    throw Error('the configuration is not the JSON of Get-CsWebServiceConfiguration');
  }
};

/** JSON `true`, or the string "True" that exports with `Out-String` or `Select-Object` hold. */
const isOn = ({ MeetingUxEnableTelemetry: flag }: Collection) => /^"?true"?$/i.test(JSON.stringify(flag));

/**
 * The collection that governs a pool: service over site over global, whole collections, no merge per property. One
 * that stands there twice is on only when both are.
 * @param pool FQDN of the pool that hosts the meeting
 * @param site name of its site, '' when the page does not say: then global is on only when no site is off
 * @throws Error when the text is unreadable, so that nobody mistakes it for the administrator's word
 */
export const readSetting = (text: string, pool: string, site: string): Setting => {
  const collections = parseCollections(text);
  for (const identity of [`service:webserver:${pool}`, `site:${site}`, 'global']) {
    const found = collections.filter(({ name }) => name === identity.toLowerCase());
    // A page that names no site is not of a site without a name.
    if (!found[0] || identity === 'site:') continue;
    const isContested =
      identity === 'global' && !site && collections.some(each => each.name.startsWith('site:') && !isOn(each));
    const enabled = found.every(isOn) && !isContested;
    const { Identity } = found[0];
    const reason = `MeetingUxEnableTelemetry is ${enabled} in ${Identity}${isContested ? ' or some site, set site' : ''}`;
    return { enabled, scope: identity.split(':')[0] as Scope, identity: Identity, reason };
  }
  return { enabled: false, reason: `no collection governs ${pool}, export one or global` };
};
