import type { ConfigurationAnswer } from '#src/delivery/configuration.js';
import { limits } from '#src/delivery/limits.js';
import type { Answer } from '#src/delivery/outcomes.js';
import type { Beacon } from '#src/delivery/transport.js';
import type { ExportLogsRequest, LogRecord } from '#src/practices/index.js';
import type { Ledger } from './ledger.js';
import type { Random } from './random.js';
import type { Actor, Schedule } from './schedule.js';

/** What becomes of a beacon. */
export type Fate =
  | 'stored'
  | 'stored, answer lost'
  | 'stored, 502'
  | 'refused'
  | 'hangs'
  | 'partial'
  | 'partial, answer lost'
  | 'absurd partial'
  | 'busy'
  | '500'
  | '401'
  | '403'
  | '404'
  | '410'
  | '400 at whim'
  | 'portal'
  | 'portal json';

export type Weather = Partial<Record<Fate, number>>;
export type Flag = 'open' | 'closed' | 'unreadable' | 'unreachable';

const ok = (body: string): Answer => ({ status: 200, contentType: 'application/json', retryAfter: null, body });
const refusal = (status: number, retryAfter: string | null = null): Answer => ({
  status,
  contentType: 'application/json',
  retryAfter,
  body: '{}',
});

const plainAnswers: Partial<Record<Fate, Answer>> = {
  '500': refusal(500),
  '401': refusal(401),
  '403': refusal(403),
  '404': refusal(404),
  '410': refusal(410),
  '400 at whim': refusal(400),
  portal: { status: 200, contentType: 'text/html', retryAfter: null, body: '<html>Log in</html>' },
  'portal json': { status: 200, contentType: 'application/json', retryAfter: null, body: '{"login":true}' },
};

export const uidOf = (record: LogRecord): string => record.attributes[0]?.value.stringValue ?? '';

const recordsOf = (body: string): LogRecord[] =>
  (JSON.parse(body) as ExportLogsRequest).resourceLogs.flatMap(({ scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) => logRecords),
  );

/** The server: collector and configuration of every route, as kind or as broken as `state` says. */
export const createCollector = (
  random: Random,
  schedule: Schedule,
  ledger: Ledger,
  clock: { now(): number; offsetMs: number },
) => {
  const state = {
    weather: { stored: 1 } as Weather,
    flags: {} as Record<string, Flag>,
    latencyMs: 40,
    maxBodyBytes: Number.POSITIVE_INFINITY,
    takesGzip: true,
    poison: new Set<string>(),
  };

  const retryAfter = (): string | null => {
    const seconds = random.pick([0, 1, 30, 600, 86_400 * 400]);
    const date = new Date(clock.now() - clock.offsetMs + random.pick([-60_000, 20_000, 300_000, 1e12]));
    return random.pick([null, `${seconds}`, date.toUTCString(), 'soon', '-5']);
  };

  const partial = (records: LogRecord[]): Answer => {
    const accepted = records.filter(() => random.chance(0.7));
    ledger.accept(accepted);
    const rejected = records.length - accepted.length;
    return ok(JSON.stringify({ partialSuccess: { rejectedLogRecords: `${rejected}`, errorMessage: 'no' } }));
  };

  const store = (records: LogRecord[], answer: Answer): Answer => {
    ledger.accept(records);
    return answer;
  };

  /** @returns undefined when no answer comes; `hangs` never ends by itself */
  const judge = (fate: Fate, records: LogRecord[]): Answer => {
    switch (fate) {
      case 'stored':
        return store(records, ok(random.pick(['{}', '{"partialSuccess":{}}'])));
      case 'stored, answer lost':
        return store(records, undefined);
      case 'stored, 502':
        return store(records, refusal(502));
      case 'absurd partial':
        return store(records, ok('{"partialSuccess":{"rejectedLogRecords":"1000000"}}'));
      case 'partial':
        return partial(records);
      case 'partial, answer lost':
        partial(records);
        return undefined;
      case 'busy':
        return refusal(random.pick([429, 503]), retryAfter());
      default:
        return plainAnswers[fate];
    }
  };

  const answerTo = (fate: Fate, beacon: Beacon, records: LogRecord[]): Answer => {
    if (fate === 'refused' || fate.startsWith('portal')) return judge(fate, []);
    if (beacon.gzip && !state.takesGzip) return refusal(415);
    if (beacon.body.length > state.maxBodyBytes) return refusal(413);
    if (records.some(record => state.poison.has(uidOf(record)))) return refusal(400);
    return judge(fate, records);
  };

  const send = async (actor: Actor, beacon: Beacon): Promise<Answer> => {
    // As fetch: nothing leaves.
    if (beacon.signal.aborted) return undefined;
    const route = beacon.endpoint;
    const records = recordsOf(beacon.body);
    const request = ledger.requestStarts(actor, route, records.map(uidOf));
    const fate = random.weigh(state.weather);
    schedule.note(() => `${actor.name} sends ${request.uids.join(' ')} (${fate})`);
    return new Promise(resolve => {
      const end = (answer: Answer) => {
        timeout.cancel();
        beacon.signal.removeEventListener('abort', cut);
        request.isOnTheWire = false;
        resolve(answer);
      };
      const cut = () => {
        if (!request.isOnTheWire) return;
        request.isOnTheWire = false;
        schedule.shortly(actor, 'request cut', () => end(undefined));
      };
      const timeout = schedule.after(limits.requestTimeoutMs, actor, 'request times out', () => end(undefined));
      beacon.signal.addEventListener('abort', cut);
      actor.onDeath.push(() => {
        request.isOnTheWire = false;
      });
      if (fate === 'hangs') return;
      // The server's part happens whether or not anybody still listens, and the browser may be frozen by then.
      schedule.after(random.next() * state.latencyMs, undefined, 'beacon arrives', () => {
        const answer = answerTo(fate, beacon, records);
        schedule.note(() => `  answer ${answer?.status ?? 'lost'} ${answer?.retryAfter ?? ''}`);
        schedule.after(random.next() * state.latencyMs, actor, 'answer', () => {
          if (request.isOnTheWire) ledger.heard(actor, route, answer);
          end(answer);
        });
      });
    });
  };

  const readConfiguration = (actor: Actor, route: string): Promise<ConfigurationAnswer | undefined> =>
    new Promise((resolve, reject) => {
      schedule.after(random.next() * state.latencyMs, actor, 'configuration', () => {
        const flag = state.flags[route] ?? 'open';
        schedule.note(() => `${actor.name} reads the flag of ${route}: ${flag}`);
        if (flag === 'unreachable') return resolve(undefined);
        if (flag === 'unreadable') return reject(new Error('simulated'));
        ledger.flagRead(route, flag === 'open');
        resolve({ enabled: flag === 'open', reason: flag, skewMs: 0 });
      });
    });

  return { state, send, readConfiguration };
};

export type Collector = ReturnType<typeof createCollector>;
