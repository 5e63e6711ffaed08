import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Harness, openHarness, type Visitor, visit } from './harness.js';

/** This harness serves no `/dist/`, so the tag's script is missing: people must get into their meetings all the same. */
let house: Harness;
let guest: Visitor;

before(async () => {
  house = await openHarness();
  guest = await visit(`${house.origin}/launcher/?pool=pool01.contoso.com`);
});
after(async () => {
  await guest.leave();
  await house.close();
});

/** Views fade in; half-faded text has half the contrast. */
const settled = 'document.getAnimations().every(({ playState }) => playState === "finished")';

const at = (view: string): string => `document.body.dataset.at === "${view}"`;

const join = async (outcome: string, method = 'web-app'): Promise<void> => {
  await guest.page.goto(`${house.origin}/launcher/?pool=pool01.contoso.com&outcome=${outcome}`);
  await guest.until(at('choose'));
  await guest.read(`document.querySelector('[data-method="${method}"]').click()`);
};

test('the pool is written into the tag as text, whatever it holds', async () => {
  const response = await fetch(`${house.origin}/launcher/?pool=${encodeURIComponent('"><script>alert(1)</script>')}`);
  const page = await response.text();
  assert.ok(!page.includes('<script>alert'));
  assert.match(page, /pool="&quot;&gt;&lt;script&gt;alert\(1\)/);
  assert.match(response.headers.get('Content-Security-Policy') ?? '', /require-trusted-types-for 'script'/);
});

test('a join works though the tag’s script is missing', async () => {
  await join('success');
  await guest.until(at('launching'));
  await guest.until(at('joined'));
  await guest.until(settled);
  assert.deepEqual(await guest.violations(), []);
});

for (const [code, type] of [
  ['6', 'meeting_not_found'],
  ['7', 'server_busy'],
  ['8', 'server_failover'],
] as const) {
  test(`launcher error ${code} is shown with its code`, async () => {
    await join(code, 'native');
    await guest.until(at('error'));
    assert.match(
      await guest.read<string>('document.querySelector("[data-error-code]").textContent'),
      new RegExp(`${code} · ${type}`),
    );
  });
}

test('axe finds nothing wrong in either language and scheme', async () => {
  for (const scheme of ['light', 'dark'] as const) {
    await guest.prefer(scheme);
    for (const language of ['en', 'it']) {
      await join('7');
      await guest.read(`document.querySelector('[data-language=${language}]').click()`);
      await guest.until(at('error'));
      await guest.until(settled);
      assert.deepEqual(await guest.violations(), []);
      await guest.read('document.querySelector(`[data-view="error"] [data-again]`).click()');
      await guest.until(at('choose'));
      await guest.until(settled);
      assert.deepEqual(await guest.violations(), []);
    }
  }
});

test('focus follows the view, so that a screen reader does', async () => {
  await join('7');
  await guest.until(at('error'));
  assert.ok(await guest.read('document.activeElement.matches("[data-error]")'));
});
