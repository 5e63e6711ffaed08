/** What an administrator may publish, and how the gate reads it, in real engines over real HTTP. */
import { strict as assert } from 'node:assert';
import { type Configuration, configurationOf, poolOff, poolOn } from '../support/collector.js';
import { gateOf, pageUrl } from '../support/steps.js';
import { survivalTest } from '../support/survival.js';

const json = (body: string | Buffer, status = 200): Configuration => ({
  status,
  contentType: 'application/json',
  body,
});

const collectionOf = (flag: unknown): string =>
  JSON.stringify({ Identity: `service:WebServer:${poolOn}`, MeetingUxEnableTelemetry: flag });

const utf16 = (text: string): Buffer => Buffer.from(`\uFEFF${text}`, 'utf16le');

const cases: [name: string, configuration: Configuration, state: string, reason: RegExp][] = [
  ['missing', json('', 404), 'closed', /is missing/],
  ['an HTML page', { ...json('<!doctype html>'), contentType: 'text/html' }, 'closed', /not the JSON/],
  ['truncated', json(collectionOf(true).slice(0, 40)), 'closed', /not the JSON/],
  ['UTF-16LE with BOM', json(utf16(collectionOf(true))), 'open', /is true in service:WebServer/],
  ['UTF-8 with BOM', json(`\uFEFF${collectionOf(true)}`), 'open', /is true/],
  ['"True" as a string', json(collectionOf('True')), 'open', /is true/],
  ["another pool's only", json(collectionOf(true).replace(poolOn, poolOff)), 'closed', /no collection governs/],
  ['on', configurationOf({ [poolOn]: true }), 'open', /is true/],
  ['off', configurationOf({ [poolOn]: false }), 'closed', /is false/],
];

survivalTest('each configuration reads as documented, and says why', async ({ collector, borrow }) => {
  const browser = await borrow();
  for (const [name, configuration, state, reason] of cases) {
    collector.configuration = configuration;
    const page = await browser.open(pageUrl(collector));
    const gate = await gateOf(page);
    assert.equal(gate.state, state, name);
    assert.match(gate.reason, reason, name);
    await page.close();
  }
});
