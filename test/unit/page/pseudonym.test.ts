import { equal, match, notEqual } from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { pseudonymize } from '#src/page/pseudonym.js';

test('HMAC-SHA-256 keyed by category and deployment, printed as an upper-case GUID', async () => {
  const pseudonym = await pseudonymize('amosmarble', 'contoso key', 'census');
  match(`${pseudonym}`, /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/);
  const expected = createHmac('sha256', 'census|contoso key').update('amosmarble').digest('hex').slice(0, 32);
  equal(`${pseudonym}`.replaceAll('-', '').toLowerCase(), expected);
});

test('another deployment, category or person has another pseudonym', async () => {
  const pseudonym = await pseudonymize('amosmarble', 'key', 'census');
  equal(await pseudonymize('amosmarble', 'key', 'census'), pseudonym);
  notEqual(await pseudonymize('amosmarble', 'key2', 'census'), pseudonym);
  notEqual(await pseudonymize('amosmarble', 'key', 'error'), pseudonym);
  notEqual(await pseudonymize('amosmarble2', 'key', 'census'), pseudonym);
});

test('nothing rather than something weak: no user, no key, no WebCrypto', async () => {
  equal(await pseudonymize('', 'key', 'census'), undefined);
  equal(await pseudonymize('amosmarble', '', 'census'), undefined);
  const { crypto } = globalThis;
  Object.defineProperty(globalThis, 'crypto', { value: { getRandomValues: () => {} }, configurable: true });
  try {
    equal(await pseudonymize('amosmarble', 'key', 'census'), undefined);
  } finally {
    Object.defineProperty(globalThis, 'crypto', { value: crypto, configurable: true });
  }
});
