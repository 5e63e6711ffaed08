import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Harness, openHarness, type Visitor, visit } from './harness.js';

let house: Harness;
let operator: Visitor;

before(async () => {
  house = await openHarness();
  operator = await visit(house.signIn);
});
after(async () => {
  await operator.leave();
  await house.close();
});

const click = (selector: string): Promise<undefined> =>
  operator.read(`document.querySelector(${JSON.stringify(selector)}).click()`);

const address = (): Promise<URL> => operator.read<string>('location.href').then(href => new URL(href));

const open = async (query: string): Promise<void> => {
  await operator.page.goto(`${house.origin}/ops/${query}`);
};

test('an empty house says what to paste where, and shows the first beacon when it arrives', async () => {
  await operator.until('document.querySelector(".empty pre")?.textContent.includes("<meeting-join-telemetry")');
  assert.equal((await address()).search, '', 'the token has left the address');
  assert.deepEqual(await operator.violations(), []);
  await operator.read('void Object.defineProperty(navigator, "clipboard", { value: undefined })');
  await click('.snippet button');
  await operator.until('getSelection().toString().includes("<meeting-join-telemetry")');
  await house.send('first');
  await operator.until('document.querySelector("[data-stat=attempts] .figure")?.textContent.trim() === "1"');
  await operator.until('document.querySelector(".tail tbody")?.textContent.includes("Server too busy 7")');
});

test('without the cookie there are no figures', async () => {
  const stranger = await visit(`${house.origin}/ops/`);
  try {
    await stranger.until('document.querySelector("[role=alert]")?.textContent.includes("npm start")');
    assert.deepEqual(await stranger.violations(), []);
    assert.equal(await stranger.read('document.querySelector("[data-stat]")'), null);
  } finally {
    await stranger.leave();
  }
});

test('a collector that goes away is told of at once', async () => {
  const doomed = await openHarness();
  await doomed.send('only');
  const witness = await visit(doomed.signIn);
  try {
    await witness
      .until('document.querySelector("[role=switch]") && document.querySelector(".live[data-live=true]")')
      .finally(doomed.close);
    await witness.until('document.querySelector("[role=alert]")?.textContent.includes("does not answer")');
    assert.deepEqual(await witness.violations(), []);
    await witness.read('document.querySelector("[role=switch][aria-checked=false]").click()');
    await witness.until('document.querySelector(".toast [role=status]").innerText.includes("does not answer")');
    assert.ok(await witness.read('!!document.querySelector("[role=switch]") && !!document.querySelector("#faults")'));
  } finally {
    await witness.leave();
  }
});

test('an operator who never read a manual finds the seeded outage', async () => {
  await house.seed();
  await open('?synthetic=1');
  await operator.until('document.querySelector("[data-finding=outage]")');
  const told = await operator.read<string>('document.querySelector("[data-finding=outage]").innerText');
  assert.match(told, /pool01\.contoso\.com/);
  assert.match(told, /“Server too busy” \(server_busy \/ 7\)/);
  assert.match(told, /Check the load of the pool/);
  await click('[data-finding=outage] button');
  await operator.until('location.search.includes("pool=pool01.contoso.com")');
  await operator.until(
    'document.querySelector(".list tbody tr[data-class] button")?.innerText.startsWith("Server too busy")',
  );
  const { searchParams } = await address();
  assert.ok(searchParams.get('from') && searchParams.get('to'));
  assert.equal(searchParams.get('synthetic'), '1');
  await operator.until('document.querySelector("[aria-labelledby=since-when]")');
  const since = await operator.read<string>('document.querySelector("[aria-labelledby=since-when]").innerText');
  assert.ok(!since.includes('No outage'), 'nobody is told that all is well in the middle of an outage');
});

test('a house of pages without joins says how to make one', async () => {
  const empty = await openHarness();
  try {
    await empty.sendVital();
    const newcomer = await visit(empty.signIn);
    try {
      await newcomer.until('document.querySelector(".empty a.solid")');
      assert.match(await newcomer.read<string>('document.querySelector(".empty a.solid").href'), /\/launcher\//);
      assert.equal(await newcomer.read('document.querySelector(".empty h2").textContent'), 'No joins in this period.');
      assert.deepEqual(await newcomer.violations(), []);
    } finally {
      await newcomer.leave();
    }
  } finally {
    await empty.close();
  }
});

test('what an operator can mend stands first among the reasons, in words and as logs name it', async () => {
  await open('?synthetic=1&range=7d');
  await operator.until('document.querySelector("[aria-labelledby=why-not] tr[data-class]")');
  const classes = await operator.read<string[]>(
    '[...document.querySelectorAll("[aria-labelledby=why-not] tr[data-class]")].map(row => row.dataset.class)',
  );
  const order = ['unexpected_failure', 'expected_failure', 'abandoned'];
  assert.ok(new Set(classes).size > 1);
  assert.deepEqual(
    classes,
    [...classes].sort((a, b) => order.indexOf(a) - order.indexOf(b)),
  );
  const reasons = await operator.read<string>('document.querySelector("[aria-labelledby=why-not] tbody").innerText');
  assert.match(reasons, /No audio or video connection\s+media_connectivity \/ ICE_FAILED/);
});

test('made-up joins are in no figure until asked for, and the page says so', async () => {
  await open('');
  await operator.until('document.querySelector("[data-synthetic=false]")');
  assert.equal(await operator.read('document.querySelector("[data-stat=attempts] .figure").textContent.trim()'), '1');
  await click('[data-synthetic] button');
  await operator.until('document.querySelector("[data-synthetic=true]") && location.search === "?synthetic=1"');
});

test('a click filters, the address tells, back takes it away', async () => {
  await open('?synthetic=1&by=browser');
  await operator.until('document.querySelector("#places tbody button")?.innerText.startsWith("Firefox 154")');
  const all = await operator.read<string>('document.querySelector("[data-stat=attempts] .figure").textContent');
  await click('#places tbody button');
  await operator.until('new URLSearchParams(location.search).get("browser") === "Firefox 154"');
  await operator.until(`document.querySelector("[data-stat=attempts] .figure").textContent !== ${JSON.stringify(all)}`);
  await operator.page.reload();
  await operator.until('document.querySelector(".chip")?.innerText.includes("Firefox 154")');
  await operator.until('document.querySelector("[data-stat=attempts]")');
  await operator.read('history.back()');
  await operator.until('!document.querySelector(".chip") && !location.search.includes("Firefox")');
});

test('what arrives is shown at once, without a reload', async () => {
  await open('');
  await operator.until('document.querySelector(".live[data-live=true]")');
  await house.send('second', 'pool77.contoso.com');
  await operator.until('document.querySelector(".tail tbody tr")?.innerText.includes("pool77.contoso.com")');
  await operator.until('document.querySelector("[data-stat=attempts] .figure").textContent.trim() === "2"');
});

test('leaving the console again and again leaves no connection behind, and coming back goes on', async () => {
  for (let visits = 0; visits < 10; visits++) {
    await open(`?range=${visits % 2 === 0 ? '1h' : '6h'}`);
    await operator.until('document.querySelector(".live[data-live=true]")');
  }
  await operator.read('history.back()');
  await operator.until('location.search === "?range=1h" && document.querySelector(".live[data-live=true]")');
});

test('a join opens and closes by keyboard, and focus goes back', async () => {
  await open('?synthetic=1&type=server_busy');
  await operator.until('document.querySelector(".tail .open")');
  await operator.read('document.querySelector(".tail .open").focus()');
  await operator.press('Enter');
  await operator.until('document.querySelector("dialog[open] .facts") && location.search.includes("join=")');
  assert.deepEqual(await operator.violations(), []);
  await operator.press('Escape');
  await operator.until('!document.querySelector("dialog[open]") && !location.search.includes("join=")');
  await operator.until('document.activeElement.matches(".tail .open")');
});

test('the keyboard reaches the figures first and walks the tabs', async () => {
  await open('?synthetic=1');
  await operator.until('document.querySelector("[role=tab]")');
  await operator.press('Tab');
  assert.equal(await operator.read('document.activeElement.className'), 'skip');
  await operator.read('document.querySelector("[role=tab][aria-selected=true]").focus()');
  await operator.press('ArrowRight');
  await operator.until('document.activeElement.id === "tab-browser" && document.activeElement.ariaSelected === "true"');
});

test('every chart has its table', async () => {
  await open('?synthetic=1');
  await operator.until('document.querySelector("console-timeline canvas")');
  await click('console-timeline .twin summary');
  const rows = await operator.read<number>('document.querySelectorAll("console-timeline tbody tr").length');
  assert.ok(rows > 20, `${rows} rows`);
  const sum =
    'e => [...document.querySelectorAll("console-timeline tbody tr")].reduce((n, tr) => n + Number(tr.children[e].textContent.replace(/\\D/g, "")), 0)';
  const counted = await operator.read<number>(`[1, 2, 3, 4, 5].map(${sum}).reduce((a, b) => a + b)`);
  const attempts = await operator.read<string>(
    'document.querySelector("[data-stat=attempts] .figure").textContent.replace(/\\D/g, "")',
  );
  assert.equal(counted, Number(attempts));
});

test('a flag is switched, and the record tells who', async () => {
  await open('');
  const row = '[data-identity="Service:WebServer:pool02.contoso.com"]';
  await operator.until(`document.querySelector(${JSON.stringify(row)})`);
  await operator.read(
    `(() => { const name = document.querySelector('.who input'); name.value = 'Ada'; name.dispatchEvent(new Event('change')); })()`,
  );
  await click(`${row} [role=switch]`);
  await operator.until(`document.querySelector(${JSON.stringify(`${row} .state`)}).dataset.on === "true"`);
  await operator.until('document.querySelector(".audit li").innerText.includes("Ada")');
  assert.equal(
    house.collector.configurations.get('Service:WebServer:pool02.contoso.com')?.MeetingUxEnableTelemetry,
    true,
  );
});

test('every figure stands in a table with its range, its joins and what it was before', async () => {
  await open('?synthetic=1');
  await operator.until('document.querySelector("[data-figures]")');
  await click('[data-figures] summary');
  const rows = await operator.read<string[][]>(
    '[...document.querySelectorAll("[data-figures] tbody tr")].map(row => [...row.cells].map(cell => cell.innerText))',
  );
  assert.equal(rows.length, 13);
  for (const [name, now] of rows) assert.match(now ?? '', /\d/, name);
  const coverage = rows.find(([name]) => name?.startsWith('Coverage'));
  assert.match(
    coverage?.slice(1).join(' | ') ?? '',
    /^[\d.]+\s%\s?\| [\d.]+–[\d.]+\s% \| [\d,]+ \| [\d.]+\s% \| [+−]?[\d.]+ points$/,
  );
  assert.deepEqual(await operator.violations(), []);
});

test('with filters on, axe finds nothing wrong either, and the export is of what is shown', async () => {
  await open('?pool=pool01.contoso.com&synthetic=1&type=server_busy&code=7');
  await operator.until('document.querySelector(".chip") && document.querySelector("[data-stat]")');
  assert.deepEqual(await operator.violations(), []);
  const exported = async (): Promise<URLSearchParams> =>
    new URL(await operator.read<string>('document.querySelector(".popover a").href')).searchParams;
  assert.equal((await exported()).get('synthetic'), '1');
  await open('?pool=pool01.contoso.com');
  assert.equal((await exported()).get('synthetic'), '0');
  assert.equal((await exported()).get('pool'), 'pool01.contoso.com');
});

test('the export menu closes with Escape, and focus goes back', async () => {
  await operator.read('document.querySelector(".menu summary").focus()');
  await operator.press('Enter');
  await operator.until('document.querySelector(".menu").open');
  await operator.press('Tab');
  await operator.press('Escape');
  await operator.until('!document.querySelector(".menu").open && document.activeElement.matches(".menu summary")');
});

/** Puts a file into the import as a person would choose it. */
const importFile = (content: unknown): Promise<undefined> =>
  operator.read(`(() => {
    const files = new DataTransfer();
    files.items.add(new File([${JSON.stringify(JSON.stringify(content))}], 'web-service-configuration.json'));
    const input = document.querySelector('input[type=file]');
    input.files = files.files;
    input.dispatchEvent(new Event('change', { bubbles: true }));
  })()`);

/** What is told of the last action, as long as it can be seen. */
const seen = `(() => {
  const box = document.querySelector('.toast').getBoundingClientRect();
  return box.height > 20 && box.bottom <= innerHeight ? document.querySelector('.toast [role=status]').innerText : '';
})()`;

test('what an import came to can be seen and heard, whether it worked or not', async () => {
  await open('');
  await operator.until('document.querySelector("input[type=file]")');
  assert.equal(await operator.read(seen), '');
  await importFile([{ Identity: 'site:Unclear', MeetingUxEnableTelemetry: 'maybe' }]);
  await operator.until(`${seen}.includes("site:Unclear is neither true nor false")`);
  assert.deepEqual(await operator.violations(), []);
  await importFile({ Identity: 'site:Redmond', MeetingUxEnableTelemetry: true });
  await operator.until(`${seen} === "1 collection imported."`);
  await click('.toast button');
  await operator.until(`${seen} === ""`);
});

test('a pool that follows global is switched by a collection of its own', async () => {
  await open('?synthetic=1');
  await house.send('pool-join', 'pool55.contoso.com');
  await operator.until('document.querySelector(".tail tbody")?.innerText.includes("pool55")');
  await operator.read('document.dispatchEvent(new Event("visibilitychange"))');
  await operator.until('document.querySelector("[data-pool=\\"pool55.contoso.com\\"] button")');
  await click('[data-pool="pool55.contoso.com"] button');
  await operator.until('document.querySelector("[data-pool=\\"pool55.contoso.com\\"] [data-on=true]")');
  await operator.until('document.querySelector("[data-identity=\\"service:WebServer:pool55.contoso.com\\"]")');
});

test('of a period that is over, what arrives now takes no place in the list of joins', async () => {
  const toMs = Date.now() - 3_600_000;
  const query = `?synthetic=1&from=${new Date(toMs - 86_400_000).toISOString()}&to=${new Date(toMs).toISOString()}`;
  await open(query);
  await operator.until('document.querySelector(".live[data-live=true]") && document.querySelector(".tail")');
  const newest = await operator.read<string>('document.querySelector(".tail tbody tr").innerText');
  const before = await operator.read<string>('document.querySelector(".live").innerText');
  await house.send('elsewhere', 'pool88.contoso.com');
  await operator.until(`document.querySelector(".live").innerText !== ${JSON.stringify(before)}`);
  assert.equal(await operator.read<string>('document.querySelector(".tail tbody tr").innerText'), newest);
  assert.match(
    await operator.read<string>('document.querySelector("[data-extent]").innerText'),
    /newest 40 of [\d,]+ joins/,
  );
  await click('[data-extent] button');
  await operator.until('document.querySelectorAll(".tail tbody tr").length === 500');
});

test('a fault is chosen, shown and taken back', async () => {
  await open('');
  await operator.until('document.querySelector("input[name=fault]")');
  await operator.read('document.querySelectorAll("input[name=fault]")[2].click()');
  await operator.until('document.querySelector("[data-fault=\\"503\\"]")');
  assert.equal(house.collector.faults.get().kind, 'answer');
  await click('[data-fault] button');
  await operator.until('!document.querySelector("[data-fault]")');
  assert.equal(house.collector.faults.get().kind, 'none');
  house.collector.faults.set({ kind: 'refuse' });
  await operator.read('document.dispatchEvent(new Event("visibilitychange"))');
  await operator.until('document.querySelector("[data-fault=refuse]")');
  await click('[data-fault] button');
  await operator.until('!document.querySelector("[data-fault]")');
});

for (const language of ['en', 'it'] as const) {
  for (const scheme of ['light', 'dark'] as const) {
    test(`axe finds nothing wrong: ${language}, ${scheme}`, async () => {
      await operator.prefer(scheme);
      await open('?synthetic=1');
      await operator.until('document.querySelector("[data-stat]")');
      await click(`.languages [lang=${language}]`);
      await operator.until(`document.documentElement.lang === "${language}"`);
      assert.deepEqual(await operator.violations(), []);
    });
  }
}

/** What is wider than its place, so that a part of it can only be seen by scrolling, or not at all. */
const cutOff = `[document.documentElement, ...document.querySelectorAll('.scroll, .list th, .list .label, .figure')]
  .filter(element => element.checkVisibility({ contentVisibilityAuto: true }) && element.scrollWidth > element.clientWidth + 1).map(element => element.className + ': ' + element.innerText.slice(0, 80))`;

for (const language of ['en', 'it'] as const) {
  for (const width of [390, 820, 1024, 1440]) {
    test(`nothing is cut off: ${language}, ${width} wide`, async () => {
      const metrics = { width, height: 900, deviceScaleFactor: 1, mobile: false };
      await operator.browser.chromium?.send(operator.page, 'Emulation.setDeviceMetricsOverride', metrics);
      await open(`?synthetic=1&lang=${language}`);
      await operator.until('document.querySelector(".tail") && document.querySelector("[data-identity]")');
      assert.deepEqual(await operator.read(cutOff), []);
      await operator.browser.chromium?.send(operator.page, 'Emulation.clearDeviceMetricsOverride', {});
    });
  }
}

test('an address that cannot be read is explained, with a way out', async () => {
  await operator.read('document.querySelector(".languages [lang=en]").click()');
  await open('?from=2026-01-02&to=2026-01-01');
  await operator.until('document.querySelector("[role=alert]")?.textContent.includes("to must be later than from")');
  await click('[role=alert] button');
  await operator.until('document.querySelector("[data-stat]") && location.search === ""');
  for (const [query, words] of [
    ['?range=90d', 'range=90d'],
    ['?from=yesterday', 'from=yesterday'],
  ] as const) {
    await open(query);
    await operator.until(`document.querySelector("[role=alert]")?.textContent.includes("${words}")`);
  }
});
