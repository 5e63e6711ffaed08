import { equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { normalizeStack } from '#src/page/instruments/exception.js';
import { scrub } from '#src/practices/scrub.js';

/** What is worth a look by eye: before, after. */
const examples: [string, string][] = [
  ['Cannot read properties of undefined (reading "x")', 'Cannot read properties of undefined (reading "x")'],
  ['Join of sip:alice@contoso.com;gruu failed', 'Join of [uri] failed'],
  ['tel:+390212345678 mailto:alice@contoso.com callto:bob', '[uri] [uri] [uri]'],
  ['conf%3Asip%3Aalice%40contoso.com;gruu', '[uri]'],
  ['https://meet.contoso.com/alice/ABC123', 'https://meet.contoso.com/[path]'],
  [
    'https://meet.contoso.com/alice/ABC123?conf=sip:alice@contoso.com#top is gone',
    'https://meet.contoso.com/[path] is gone',
  ],
  ['open meet.contoso.com/alice/ABC123.', 'open meet.contoso.com/[path].'],
  ['GET /alice/ABC123?sl=1 404', 'GET /[path] 404'],
  [
    'https://teams.microsoft.com/l/meetup-join/19%3ameeting_NjQ%40thread.v2/0?context=%7b%7d',
    'https://teams.microsoft.com/[path]',
  ],
  ['msteams:/l/meetup-join/19%3ameeting_NjQ%40thread.v2/0', '[uri]'],
  ['zoommtg://zoom.us/join?confno=123456789&pwd=xyz', '[uri]'],
  ['https://alice:secret@pool01.contoso.com/', 'https://pool01.contoso.com/'],
  ['alice@contoso.com, jörg@exämple.de and 用户@例子.广告', '[address], [address] and [address]'],
  ['19:meeting_NjQ4@thread.v2', '19:[address]'],
  ['10.0.0.1 fe80::1%eth0 ::ffff:192.168.0.1 [2001:db8::1]:443', '[ip] [ip] [ip] [[ip]]:443'],
  ['C:\\Users\\Amos Marble\\AppData\\app.js:10:2', '[path]app.js:10:2'],
  ['C:\\Users\\amosmarble is full', '[path]'],
  ['file:///home/amos/app.js:1:2', 'file:///[path]/app.js:1:2'],
  [
    'conversationid=abc&x=2 {"conversationId":"AdDO8","state":"Idle"}',
    'conversationid=[id]&x=2 {"conversationId":"[id]","state":"Idle"}',
  ],
  ['of 550e8400-e29b-41d4-a716-446655440000', 'of [id]'],
  ['+39 (02) 1234-5678 or meeting 123 456 7890', '[id] or meeting [id]'],
  ['std::vector Foo::bar a::before 10:20:30 text/html', 'std::vector Foo::bar a::before 10:20:30 text/html'],
];

for (const [before, after] of examples) test(`scrub: ${before}`, () => equal(scrub(before), after));

const script = 'https://pool01.contoso.com/launcher/app.js';

test('a stack of each engine keeps function, origin, script, line and column', () => {
  const stacks = {
    blink: `Error: x\n    at go (${script}?v=1:12:34)\n    at async run (${script}:5:6)\n    at ${script}:7:8`,
    gecko: `go@${script}?v=1:12:34\nasync*run@${script}:5:6\n@${script}:7:8\n`,
    webkit: `go@${script}?v=1:12:34\nrun@${script}:5:6\n@${script}:7:8\n[native code]`,
  };
  const place = 'https://pool01.contoso.com/[path]/app.js';
  for (const [engine, stack] of Object.entries(stacks)) {
    equal(scrub(normalizeStack(stack).join('\n')), `go@${place}:12:34\nrun@${place}:5:6\n@${place}:7:8`, engine);
  }
  equal(
    scrub('    at go (https://pool01.contoso.com/app.js:1:2)'),
    '    at go (https://pool01.contoso.com/app.js:1:2)',
  );
});

// Secrets that can be told from the text around them by an assertion: nothing in `around` contains them.
const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZäöüßéñçøåλжשחم漢字가0123456789';
const word = fc.string({ unit: fc.constantFrom(...letters), minLength: 3, maxLength: 12 }).map(text => `q${text}`);
const label = fc.string({
  unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789'),
  minLength: 3,
  maxLength: 12,
});
const octet = fc.nat({ max: 255 });
const group = fc.nat({ max: 0xffff }).map(value => value.toString(16));
const domain = fc.tuple(word, word).map(([a, b]) => `${a}.${b}`);

const around = fc.constantFrom(
  (secret: string) => `TypeError: ${secret}`,
  (secret: string) => `Failed "${secret}" here`,
  (secret: string) => `(${secret})`,
  (secret: string) => `state, ${secret}, and so on.`,
  (secret: string) => `<${secret}>`,
  (secret: string) => `Error: no\n    at fail (${script}:1:2)\nCaused by: Error: ${secret}\n    at go (${script}:3:4)`,
  (secret: string) => `go@${script}:1:2\nrefused ${secret}\nrun@${script}:3:4`,
  (secret: string) => secret,
);

/** @param generated the text that stands there, and the parts of it that must be gone */
const mustVanish = (name: string, generated: fc.Arbitrary<[string, string[]]>) =>
  test(`generated: ${name}`, () => {
    fc.assert(
      fc.property(generated, around, ([secret, parts], place) => {
        const scrubbed = scrub(place(secret));
        // `1:2` is a position in a script as well as the end of an address.
        const frame = place('');
        return parts.every(part => frame.includes(part) || !scrubbed.includes(part));
      }),
      { numRuns: 500 },
    );
  });

const schemes = fc.constantFrom(
  'sip:',
  'sips:',
  'SIP:',
  'mailto:',
  'tel:',
  'conf:sip:',
  'im:',
  'callto:',
  'sip%3A',
  'sip%3a',
);
mustVanish(
  'SIP, tel and mailto URIs',
  fc
    .tuple(schemes, word, domain, fc.constantFrom('', ';gruu;opaque=app:conf:focus:id:QKEY', ':5061;transport=tls'))
    .map(([scheme, user, host, rest]) => [
      `${scheme}${user}@${host}${rest}`,
      [user, host, ...(rest.includes('QKEY') ? ['QKEY'] : [])],
    ]),
);
mustVanish(
  'e-mail addresses, Unicode included',
  fc
    .tuple(word, fc.constantFrom('@', '＠', '%40'), domain, fc.constantFrom('', '.it', '.co.uk'))
    .map(([user, at, host, end]) => [`${user}${at}${host}${end}`, [user, host]]),
);
mustVanish(
  'IPv4 addresses',
  fc.tuple(octet, octet, octet, octet, fc.constantFrom('', ':443', '/24')).map(([a, b, c, d, end]) => {
    const address = `${a}.${b}.${c}.${d}`;
    return [address + end, [address]];
  }),
);
mustVanish(
  'IPv6 addresses',
  fc.ipV6().map(address => [address, [address]]),
);
mustVanish(
  'IPv6 addresses, shortened, with port, zone or IPv4 tail',
  fc
    .tuple(group, group, group, fc.constantFrom('', '%eth0', '%1'))
    .chain(([a, b, c, zone]) =>
      fc.constantFrom<[string, string[]]>(
        [`${a}::${b}${zone}`, [`${a}::${b}`]],
        [`[${a}::${b}:${c}]:5061`, [`${a}::${b}`]],
        [`::ffff:10.0.0.${Number.parseInt(a, 16) % 256}`, ['::ffff']],
        [`fe80::${a}:${b}:${c}${zone}`, ['fe80::', `${b}:${c}`]],
      ),
    ),
);

const joinLink = fc
  .tuple(label, label, label)
  .chain(([organizer, key, host]) =>
    fc.constantFrom<[string, string[]]>(
      [`https://meet.${host}.com/q${organizer}/Q${key}`, [`q${organizer}`, `Q${key}`]],
      [`https://meet.${host}.com/q${organizer}/Q${key}/`, [`q${organizer}`, `Q${key}`]],
      [`https://meet.${host}.com/?conf=sip:q${organizer}@z.com;opaque=Q${key}`, [`q${organizer}`, `Q${key}`]],
      [`https://meet.${host}.com?Q${key}=1#q${organizer}`, [`q${organizer}`, `Q${key}`]],
      [`meet.${host}.com/q${organizer}/Q${key}`, [`q${organizer}`, `Q${key}`]],
      [`/q${organizer}/Q${key}?x=(1)`, [`q${organizer}`, `Q${key}`]],
      [
        `https://teams.microsoft.com/l/meetup-join/19%3ameeting_Q${key}%40thread.v2/0?context=q${organizer}`,
        [`Q${key}`, `q${organizer}`],
      ],
      [`19:meeting_Q${key}@thread.v2`, [`Q${key}`]],
      [`https://zoom.us/j/123456789?pwd=Q${key}`, ['123456789', `Q${key}`]],
      [`lync15:confjoin?url=https://meet.${host}.com/q${organizer}/Q${key}`, [`q${organizer}`, `Q${key}`]],
      [`conversationid=Q${key}`, [`Q${key}`]],
      [`https://meet.${host}.com/q${organizer}/Q${key}/launch.js:12:3`, [`q${organizer}`, `Q${key}`]],
    ),
  );
mustVanish('join links and meeting keys', joinLink);
mustVanish(
  'join links inside frames of each engine',
  fc.tuple(label, label).chain(([organizer, key]) => {
    const url = `https://meet.contoso.com/q${organizer}/Q${key}/app.js?id=Q${key}`;
    const parts = [`q${organizer}`, `Q${key}`];
    return fc.constantFrom<[string, string[]]>(
      [`    at go (${url}:12:3)`, parts],
      [`    at ${url}:12:3`, parts],
      [`go@${url}:12:3`, parts],
      [`async*go@${url}:12:3`, parts],
      [`module code@${url}:12:3`, parts],
      [normalizeStack(`    at go (${url}:12:3)`).join('\n'), parts],
    );
  }),
);
mustVanish(
  'UUIDs',
  fc.uuid().map(id => [id, [id]]),
);
mustVanish(
  'Windows user names in paths',
  fc
    .tuple(word, word)
    .chain(([first, last]) =>
      fc.constantFrom<[string, string[]]>(
        [`C:\\Users\\${first}\\AppData\\app.js:1:2`, [first]],
        [`C:\\Users\\${first} ${last}\\AppData\\app.js:1:2`, [first, last]],
        [`C:\\\\Users\\\\${first}\\\\app.js`, [first]],
        [`D:\\Users\\${first}`, [first]],
        [`file:///C:/Users/${first}/app.js:1:2`, [first]],
        [`/home/${first}/app.js:1:2`, [first]],
      ),
    ),
);

test('never throws, and scrubbing what is scrubbed changes nothing', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    fc.emailAddress(),
    fc.ipV6(),
    joinLink.map(([text]) => text),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 5 }), fc.constantFrom(' ', '\n', ', ', ') ('), (pieces, gap) => {
      const once = scrub(pieces.join(gap));
      return scrub(once) === once;
    }),
  );
});

test('takes no longer than the text is long, however hostile', () => {
  const startedAt = performance.now();
  for (const unit of [
    'a.',
    'a@',
    '/',
    'a/',
    ':',
    '1:',
    'a',
    '1',
    '-',
    'c:\\',
    'c:\\a',
    'x://',
    '"',
    'id=',
    '(',
    '%40',
    '1 ',
  ]) {
    scrub(unit.repeat(100_000));
  }
  const tookMs = performance.now() - startedAt;
  ok(tookMs < 2_000, `${tookMs} ms`);
});
