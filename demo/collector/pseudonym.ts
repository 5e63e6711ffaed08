/**
 * The second hash. The client has hashed once (census) or not at all (error reporting, whose practices say that the
 * service hashes); here every user value is keyed again with a secret only the collector has.
 *
 *   innerKey  = hex SHA-256(key ‖ "|" ‖ category ‖ "|inner")
 *   outerKey  = hex SHA-256(key ‖ "|" ‖ category ‖ "|outer")
 *   pseudonym = the first 128 bits of SHA-256(outerKey ‖ hex SHA-256(innerKey ‖ value)), printed as a GUID
 *
 * Why not simply HMAC: an OpenTelemetry Collector must come to the same pseudonym, and its transform language has
 * SHA256() and Concat() but no HMAC and no XOR. This is HMAC's own structure, NMAC: two keyed hashes, each key filling
 * exactly one 64-byte block of SHA-256 (64 hex digits). Only where the two keys come from differs: HMAC XORs its key
 * with two constants, this derives them by hashing. The outer hash hides the inner state, so a length extension of
 * the inner hash leads nowhere, and truncation withholds half of the outer one. The category in the derivation keeps
 * a person's census and error pseudonyms apart.
 */
import { createHash } from 'node:crypto';

export type PseudonymCategory = 'census' | 'error';

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

const toGuid = (hex: string): string =>
  [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-').toUpperCase();

export type Pseudonymize = (category: PseudonymCategory, value: string) => string;

const keyedBy = (key: string): Pseudonymize => {
  const derive = (category: PseudonymCategory) => ({
    inner: sha256(`${key}|${category}|inner`),
    outer: sha256(`${key}|${category}|outer`),
  });
  const keys = { census: derive('census'), error: derive('error') };
  return (category, value) => toGuid(sha256(keys[category].outer + sha256(keys[category].inner + value)));
};

export interface Pseudonymizer {
  current: Pseudonymize;
  /** While two keys are given: what the older one makes of it, so that counts of people hold across the change. */
  previous: Pseudonymize | undefined;
}

/**
 * `COLLECTOR_KEY` is one key, or `new,old` while keys change. The first key makes the pseudonyms. During the overlap
 * each row also carries what the old key makes of the value (`user_hash_previous`), so that a person met before and
 * after the change is one person. Start again with `new` alone to end the overlap: the links are deleted, and what
 * was stored under the old key can no longer be tied to anybody.
 */
export const parseCollectorKey = (text: string): Pseudonymizer => {
  const [first, second, ...more] = text.split(',').map(key => key.trim());
  if (!first || second === '' || more.length > 0) throw new RangeError('COLLECTOR_KEY is one key, or two: new,old');
  if (Math.min(first.length, second?.length ?? 16) < 16) {
    throw new RangeError('COLLECTOR_KEY is too short: 16 characters at least, 64 hex digits at best');
  }
  return { current: keyedBy(first), previous: second === undefined ? undefined : keyedBy(second) };
};
