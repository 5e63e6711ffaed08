/** The user's two pseudonyms, from page to store: census is hashed twice, error reporting once, and they never meet. */
import { equal, match, notEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { pseudonymize } from '#src/page/pseudonym.js';
import { parseCollectorKey } from '../../../demo/collector/pseudonym.js';

const guid = /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/;
const user = 'amosmarble';

test('one person has unrelated pseudonyms in census and error reporting, under every key', async () => {
  const census = `${await pseudonymize(user, 'pool01.contoso.com', 'census')}`;
  const { current, previous } = parseCollectorKey('the newer secret key,the older secret key');
  const seen = [census];
  for (const hash of [current, previous]) {
    const stored = hash?.('census', census) ?? '';
    const error = hash?.('error', user) ?? '';
    for (const pseudonym of [stored, error]) {
      match(pseudonym, guid);
      seen.push(pseudonym);
    }
    notEqual(hash?.('error', census), stored, 'the category is in the key');
    equal(hash?.('census', census), stored);
  }
  equal(new Set(seen).size, 5);
});
