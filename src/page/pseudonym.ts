/**
 * Hides who a user is: HMAC-SHA-256 (RFC 2104), keyed per deployment and category so that the pseudonyms of two
 * deployments or categories cannot be joined, and printed like the published sample: a GUID in upper case. The
 * collector keys it again with a secret that only it has.
 *
 * @param key of this deployment; without one anybody could try all names, so there is no pseudonym
 * @returns undefined where the platform has no WebCrypto (insecure contexts): then nothing is sent in its place
 */
export const pseudonymize = async (userId: string, key: string, category: string): Promise<string | undefined> => {
  const { subtle } = globalThis.crypto;
  if (!subtle || !userId || !key) return undefined;
  const bytes = (text: string) => new TextEncoder().encode(text);
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const hmacKey = await subtle.importKey('raw', bytes(`${category}|${key}`), algorithm, false, ['sign']);
  const digest = new Uint8Array(await subtle.sign('HMAC', hmacKey, bytes(userId)));
  const hex = Array.from(digest.subarray(0, 16), byte => byte.toString(16).padStart(2, '0')).join('');
  return hex.toUpperCase().replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
};
