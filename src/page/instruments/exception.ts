/**
 * Anything thrown, written as an `exception` event: contained (getters, `toString` and cause chains of what the page
 * threw may throw or turn in circles), its stack in one form for three engines, with the network and the device as the
 * error category declares them. Scrubbing is the recorder's.
 */
import type { Attributes } from '../../practices/catalog.js';
import { severity } from '../../practices/otlp.js';
import { contain } from './contain.js';
import type { TelemetryEvent } from './instrument.js';

/** `meeting.error.source`. */
export type ErrorSource = 'join' | 'error' | 'rejection' | 'resource' | 'csp' | 'report' | 'handled' | 'other';

export const isUnhandled = (source: ErrorSource): boolean => source === 'error' || source === 'rejection';

const maxLines = 24;
const maxCauses = 4;

/** What became an event already: an error that `recordError` or a failed join reported is often thrown on. */
const reported = new WeakSet<object>();

export const isReported = (error: unknown): boolean => reported.has(error as object);

/** As text; undefined for what is absent, or throws when it is read. */
const text = (read: () => unknown): string | undefined =>
  contain(() => {
    const value = read();
    return value === undefined ? value : `${value}`;
  });

/**
 * One frame of any engine, without its URL's query and fragment. Blink: `at fn (url:1:2)`, `at url:1:2`,
 * `at async fn (url:1:2)`; Gecko: `fn@url:1:2`, `async*fn@url:1:2`; WebKit: `fn@url:1:2`, `module code@url:1:2`.
 */
const frame = /^\s*(?:at )?(?:async[ *])?(.*?)[@( ]*([a-z-]+:[^\s()]*?)(?:[?#][^\s()]*?)?(:\d+:\d+)\)?$/;

/** `fn@url:line:column` per line; lines that name no place in a script (headers, native code) are left out. */
export const normalizeStack = (stack = ''): string[] =>
  stack.split('\n').flatMap(line => {
    const [, name, url, place] = frame.exec(line) ?? [];
    return url ? `${name}@${url}${place}` : [];
  });

/** Stack and causes; the count ends a circle as well as a long way. */
const trace = (error: unknown): string | undefined => {
  const lines: string[] = [];
  let cause = error;
  for (let depth = 0; cause && depth < maxCauses; depth++) {
    const { name, message, stack, cause: next } = Object(cause);
    if (depth) lines.push(`Caused by: ${name}: ${message}`);
    lines.push(...normalizeStack(stack));
    cause = next;
  }
  return lines.slice(0, maxLines).join('\n') || undefined;
};

/** Network connection quality and device configuration, as far as the engine tells (Chromium; others very little). */
export const conditions = (from: Navigator = navigator): Attributes => {
  const { connection, deviceMemory, onLine, hardwareConcurrency } = from as Navigator & {
    connection?: { effectiveType?: string; rtt?: number; downlink?: number };
    deviceMemory?: number;
  };
  return {
    'network.connection.subtype': connection?.effectiveType,
    'meeting.network.rtt_ms': connection?.rtt,
    'meeting.network.downlink_mbps': connection?.downlink,
    'meeting.network.online': onLine,
    'meeting.device.memory_gib': deviceMemory,
    'meeting.device.cpu_count': hardwareConcurrency,
  };
};

/** ERROR when nobody handled it, else WARN. */
export const toException = (thrown: unknown, source: ErrorSource, more: Attributes = {}): TelemetryEvent => {
  const error = Object(thrown);
  if (error === thrown) reported.add(error);
  return {
    name: 'exception',
    severity: isUnhandled(source) ? severity.error : severity.warn,
    attributes: {
      'exception.type': text(() => error.name ?? more['error.type'] ?? error.constructor.name),
      'exception.message': text(() => (error === thrown ? error.message : thrown)),
      'exception.stacktrace': contain(() => trace(thrown)),
      'meeting.error.source': source,
      ...conditions(),
      ...more,
    },
  };
};
