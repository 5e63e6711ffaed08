/** Usage counters: summed durably on the device, sent as deltas, one record per flush at most. */
import { contain } from './contain.js';
import type { Count } from './instrument.js';

export interface Usage {
  imSent?: number;
  imReceived?: number;
  meetingMinutes?: number;
  /** How often each was used. Names are reduced to `[a-z0-9_]{1,32}`. */
  features?: Record<string, number>;
}

const toFeature = (name: string) => name.toLowerCase().replace(/\W+/g, '_').slice(0, 32);

/** Only counts that can be added: anything else, negative numbers included, is left out. */
export const toDeltas = ({ imSent, imReceived, meetingMinutes, features = {} }: Usage): Record<string, number> => {
  const deltas: Record<string, number> = {};
  const add = (name: string, delta = 0) => {
    if (delta > 0 && delta < 1e9) deltas[name] = (deltas[name] ?? 0) + +delta;
  };
  add('meeting.im.sent', imSent);
  add('meeting.im.received', imReceived);
  add('meeting.minutes', meetingMinutes);
  for (const [name, times] of Object.entries(features)) add(`meeting.feature.${toFeature(name)}`, times);
  return deltas;
};

export const recordUsage = async (count: Count, usage: Usage): Promise<void> =>
  count('meeting.usage', contain(() => toDeltas(usage)) ?? {});
