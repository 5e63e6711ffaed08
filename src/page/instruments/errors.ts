/**
 * Errors nobody handled, scripts and images that did not load, what the browser itself objected to, and what the page
 * reports. The first of a kind is recorded at once; repeats are only counted, and the count follows a minute later or
 * when the page is left.
 */
import type { Attributes } from '../../practices/catalog.js';
import { contain } from './contain.js';
import { type ErrorSource, isReported, isUnhandled, toException } from './exception.js';
import type { Count, InstrumentOptions, RecordEvent, TelemetryEvent } from './instrument.js';

/** One record per kind and minute: a loop that throws must not fill the queue. */
export const repeatMs = 60_000;

/** Kinds beyond these are counted together: a message with a time stamp in it makes a new kind each time. */
export const maxKinds = 32;

export interface ErrorContext {
  messageDirection?: string;
  conversationState?: string;
  conversationThreadId?: string;
}

export type RecordError = (error: unknown, context?: ErrorContext) => void;

export interface ErrorOptions extends InstrumentOptions {
  /** For `meeting.stability.issues` of usage. */
  count: Count;
}

/** Passes the first of a kind, holds repeats back. */
const createLimiter = (record: RecordEvent, { signal }: InstrumentOptions) => {
  const kinds = new Map<string, { event: TelemetryEvent; repeats: number }>();
  let isWaiting = false;

  const flush = () => {
    isWaiting = false;
    for (const kind of kinds.values()) {
      const { event, repeats } = kind;
      kind.repeats = 0;
      if (repeats) {
        void record({ ...event, attributes: { ...event.attributes, 'meeting.error.count': repeats } });
      }
    }
  };
  addEventListener('pagehide', flush, { signal });

  return (event: TelemetryEvent) => {
    const { attributes } = event;
    // The first frame tells them apart; the rest is how they came there.
    let name = ['type', 'message', 'stacktrace']
      .map(part => `${attributes[`exception.${part}`]}`.split('\n', 1))
      .join();
    if (kinds.size >= maxKinds && !kinds.has(name)) {
      name = '';
      event.attributes = { 'exception.type': '_OTHER', 'meeting.error.source': 'other' };
    }
    const kind = kinds.get(name);
    if (kind) {
      kind.repeats++;
      if (!isWaiting) setTimeout(flush, repeatMs);
      isWaiting = true;
    } else {
      kinds.set(name, { event, repeats: 0 });
      void record(event);
    }
  };
};

/** What a violation and a report of the Reporting API have in common. */
type Place = { sourceFile?: string | null; lineNumber?: number | null; columnNumber?: number | null };

const placeOf = ({ sourceFile, lineNumber, columnNumber }: Place) =>
  sourceFile ? `@${sourceFile}:${lineNumber}:${columnNumber}` : undefined;

interface BrowserReport {
  type: string;
  body: Place & { message?: string };
}

export const observeErrors = (record: RecordEvent, options: ErrorOptions): RecordError => {
  const { signal, count } = options;
  const limit = createLimiter(record, options);

  const report = (source: ErrorSource, error: unknown, more?: Attributes) => {
    if (isUnhandled(source)) void count('meeting.usage', { 'meeting.stability.issues': 1 });
    if (!isReported(error)) contain(() => limit(toException(error, source, more)));
  };
  const observe = <K extends keyof WindowEventMap>(type: K, run: (event: WindowEventMap[K]) => void) =>
    addEventListener(type, run, { signal, capture: true });

  observe('error', ({ target, error, message, filename, lineno, colno }) => {
    const { src, href, localName } = Object(target);
    if (localName) report('resource', src || href, { 'exception.type': localName });
    // A script of another origin tells nothing but "Script error."; a thrown `undefined` has no error either.
    else if (error) report('error', error);
    else
      report('error', message, {
        'exception.stacktrace': placeOf({ sourceFile: filename, lineNumber: lineno, columnNumber: colno }),
      });
  });
  observe('unhandledrejection', ({ reason }) => report('rejection', reason));
  observe('securitypolicyviolation', event =>
    report('csp', `${event.effectiveDirective} ${event.blockedURI}`, {
      'exception.type': event.type,
      'exception.stacktrace': placeOf(event),
    }),
  );
  contain(() => {
    const observer = new ReportingObserver(
      reports => {
        for (const { type, body } of reports as unknown as BrowserReport[]) {
          report('report', body.message, { 'exception.type': type, 'exception.stacktrace': placeOf(body) });
        }
      },
      { types: ['crash', 'intervention', 'deprecation'], buffered: true },
    );
    observer.observe();
    signal.addEventListener('abort', () => observer.disconnect());
  });

  return (error, context) =>
    contain(() => {
      const { messageDirection, conversationState, conversationThreadId } = { ...context };
      report('handled', error, {
        'meeting.message.direction': messageDirection,
        'meeting.conversation.state': conversationState,
        'meeting.conversation.thread_id': conversationThreadId,
      });
    });
};
