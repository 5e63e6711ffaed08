/**
 * Requests per client, one token bucket each. No address is kept: the key is a hash keyed with a random secret of this
 * process, in memory only, so nobody can tell afterwards who was there.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Limits } from './limits.js';

interface Bucket {
  tokens: number;
  filledAt: number;
}

/** @returns 0 when the request may pass, else the seconds to wait */
export type ClientRate = (address: string, nowMs: number) => number;

/** Of an IPv6 address the first 64 bits: whoever has one of a network has them all. */
const clientOf = (address: string): string => {
  if (!isIPv6(address) || address.includes('.')) return address;
  const [head = [], tail = []] = address.split('::').map(part => part.split(':'));
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0');
  return [...head, ...zeros, ...tail].slice(0, 4).join(':');
};

export const createClientRate = (limits: Limits): ClientRate => {
  const secret = randomBytes(32);
  const buckets = new Map<string, Bucket>();
  const { clientBurst, clientRequestsPerSecond, maxClients } = limits;

  const bucketOf = (key: string, nowMs: number): Bucket => {
    const bucket = buckets.get(key) ?? { tokens: clientBurst, filledAt: nowMs };
    // Deleted and set again, so that the map's order is the order of last sight.
    buckets.delete(key);
    if (buckets.size >= maxClients) buckets.delete(buckets.keys().next().value ?? '');
    buckets.set(key, bucket);
    return bucket;
  };

  return (address, nowMs) => {
    const bucket = bucketOf(createHmac('sha256', secret).update(clientOf(address)).digest('base64'), nowMs);
    const filled = bucket.tokens + (Math.max(0, nowMs - bucket.filledAt) / 1000) * clientRequestsPerSecond;
    bucket.tokens = Math.min(clientBurst, filled);
    bucket.filledAt = nowMs;
    if (bucket.tokens < 1) return Math.ceil((1 - bucket.tokens) / clientRequestsPerSecond);
    bucket.tokens -= 1;
    return 0;
  };
};
