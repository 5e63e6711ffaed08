/**
 * Every datum that may leave the page or enter the store. What is not here does not travel: page and collector
 * both refuse it (design.md, principle 3). Why each datum is collected stands in `catalog-descriptions.ts`, which
 * the page never loads.
 *
 * Categories are those of Microsoft's "Skype for Business and Microsoft Teams data collection practices".
 */
import { lookUp } from './look-up.js';

export type Category = 'census' | 'usage' | 'error';

export const categories: readonly Category[] = ['census', 'usage', 'error'];

export type EventName =
  | 'meeting.join.attempt'
  | 'meeting.join.result'
  | 'meeting.census'
  | 'meeting.usage'
  | 'exception'
  | 'browser.web_vital'
  | 'telemetry.dropped';

/** A bound: a number is the greatest length of a string in UTF-16 code units; otherwise the kind of the value. */
export type Bound = number | 'int' | 'double' | 'boolean';

export type AttributeValue = string | number | boolean;
export type Attributes = Record<string, AttributeValue | undefined>;

/** Carried by every record, whatever its event. */
export const recordAttributes: Record<string, Bound> = {
  'log.record.uid': 36,
  'user_agent.synthetic.type': 8,
};

/** Carried once per batch. Coarse on purpose: the one environment that may stand in every category. */
export const resourceAttributes: Record<string, Bound> = {
  'service.name': 64,
  'os.name': 32,
  'os.version': 32,
  'user_agent.name': 32,
  'user_agent.version': 16,
  'telemetry.sdk.name': 32,
  'telemetry.sdk.version': 32,
  'telemetry.sdk.language': 8,
};

/** Carried once per batch on the scope. The sender's clock, so that the collector can see it is wrong. */
export const scopeAttributes: Record<string, Bound> = { 'telemetry.sent_at_ms': 'int' };

const join: Record<string, Bound> = {
  'meeting.join.id': 36,
  'meeting.join.method': 32,
  'meeting.pool': 255,
  'meeting.federation_partner': 255,
};

const failure: Record<string, Bound> = {
  'error.type': 64,
  'meeting.join.error.code': 64,
  'meeting.join.error.subcode': 64,
};

/**
 * The events, each with the one category it belongs to and the attributes it may carry. `telemetry.dropped` reports
 * the losses of its own batch's category, so it may stand in each. A name that ends in `*` declares a family whose
 * members match `[a-z0-9_]{1,32}` in place of the star.
 */
export const events: Record<EventName, { category: Category | '*'; attributes: Record<string, Bound> }> = {
  'meeting.join.attempt': { category: 'usage', attributes: join },
  'meeting.join.result': {
    category: 'usage',
    attributes: {
      ...join,
      ...failure,
      'meeting.join.result': 20,
      'meeting.join.confidence': 10,
      'meeting.join.duration_ms': 'int',
      'meeting.join.paused_ms': 'int',
      'meeting.join.stage': 32,
      'meeting.join.stage_times': 512,
    },
  },
  'meeting.census': {
    category: 'census',
    attributes: {
      'device.model.identifier': 64,
      'device.model.name': 64,
      'browser.language': 35,
      'user.hash': 36,
      'app.installation.id': 36,
      'meeting.sign_in.attempts': 'int',
      'meeting.sign_in.failures': 'int',
    },
  },
  'meeting.usage': {
    category: 'usage',
    attributes: {
      'meeting.im.sent': 'int',
      'meeting.im.received': 'int',
      'meeting.join.attempts': 'int',
      'meeting.join.successes': 'int',
      'meeting.minutes': 'double',
      'meeting.stability.issues': 'int',
      'meeting.feature.*': 'int',
      'meeting.pool': 255,
      'meeting.federation_partner': 255,
    },
  },
  exception: {
    category: 'error',
    attributes: {
      ...failure,
      'exception.type': 128,
      'exception.message': 1024,
      'exception.stacktrace': 8192,
      'http.response.status_code': 'int',
      'meeting.join.id': 36,
      'meeting.message.direction': 16,
      'meeting.conversation.state': 32,
      'meeting.conversation.thread_id': 128,
      'user.id': 255,
      'meeting.error.device.id': 36,
      'meeting.error.source': 16,
      'meeting.error.count': 'int',
      'network.connection.subtype': 16,
      'meeting.network.rtt_ms': 'int',
      'meeting.network.downlink_mbps': 'double',
      'meeting.network.online': 'boolean',
      'meeting.device.memory_gib': 'double',
      'meeting.device.cpu_count': 'int',
    },
  },
  'browser.web_vital': {
    category: 'error',
    attributes: {
      'browser.web_vital.name': 8,
      'browser.web_vital.value': 'double',
      'browser.web_vital.delta': 'double',
      'browser.web_vital.id': 64,
      'browser.web_vital.rating': 20,
      'browser.web_vital.navigation_type': 20,
    },
  },
  'telemetry.dropped': {
    category: '*',
    attributes: { 'telemetry.dropped.reason': 32, 'telemetry.dropped.count': 'int' },
  },
};

const feature = /\.[a-z0-9_]{1,32}$/;

/** The bound declared for an attribute of an event, or undefined: then it must not travel. */
export const boundOf = (event: EventName, name: string): Bound | undefined => {
  const { attributes } = events[event];
  return lookUp(attributes, name) ?? lookUp(recordAttributes, name) ?? lookUp(attributes, name.replace(feature, '.*'));
};

/** The value as it may travel: strings cut to their bound, integers truncated; undefined when its kind is wrong. */
export const conform = (value: unknown, bound: Bound): AttributeValue | undefined => {
  if (typeof bound === 'number') return typeof value === 'string' ? value.slice(0, bound) : undefined;
  if (bound === 'boolean') return typeof value === 'boolean' ? value : undefined;
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  return bound === 'int' ? Math.trunc(value) : value;
};
