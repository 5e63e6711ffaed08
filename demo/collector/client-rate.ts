/**
 * Requests per client, one token bucket each, and the bytes each has in memory. No address is kept: the key is a hash
 * keyed with a random secret of this process, in memory only, so nobody can tell afterwards who was there.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Limits } from './limits.js';

export interface Client {
  /** Requests it may make at once; below one it must wait. */
  tokens: number;
  filledAt: number;
  bytesInFlight: number;
}

/** Counts a request. @returns 0 seconds when it may pass */
export type ClientRate = (address: string, nowMs: number) => { client: Client; waitSeconds: number };

/** Of an IPv6 address the first 64 bits: whoever has one of a network has them all. */
const clientOf = (address: string): string => {
  if (!isIPv6(address) || address.includes('.')) return address;
  const [head = [], tail = []] = address.split('::').map(part => part.split(':'));
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0');
  return [...head, ...zeros, ...tail].slice(0, 4).join(':');
};

export const createClientRate = (limits: Limits): ClientRate => {
  const secret = randomBytes(32);
  const clients = new Map<string, Client>();
  const { clientBurst, clientRequestsPerSecond, maxClients } = limits;

  const find = (key: string, nowMs: number): Client => {
    const client = clients.get(key) ?? { tokens: clientBurst, filledAt: nowMs, bytesInFlight: 0 };
    // Deleted and set again, so that the map's order is the order of last sight.
    clients.delete(key);
    if (clients.size >= maxClients) clients.delete(clients.keys().next().value ?? '');
    clients.set(key, client);
    return client;
  };

  return (address, nowMs) => {
    const client = find(createHmac('sha256', secret).update(clientOf(address)).digest('base64'), nowMs);
    const filled = client.tokens + (Math.max(0, nowMs - client.filledAt) / 1000) * clientRequestsPerSecond;
    client.tokens = Math.min(clientBurst, filled);
    client.filledAt = nowMs;
    if (client.tokens < 1) return { client, waitSeconds: Math.ceil((1 - client.tokens) / clientRequestsPerSecond) };
    client.tokens -= 1;
    return { client, waitSeconds: 0 };
  };
};
