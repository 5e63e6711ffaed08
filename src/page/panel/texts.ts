/** Every text of the panel, in English. `locales/` has the others. */
import { msg, str } from '@lit/localize';
import type { Category, EventName } from '../../practices/catalog.js';
import { categoryDescriptions, descriptions, eventDescriptions } from '../../practices/catalog-descriptions.js';

const text = (id: string, english: string) => () => msg(english, { id });

export const texts = {
  title: text('title', 'What this page reports'),
  intro: text(
    'intro',
    'When a meeting cannot be joined, the people who run it should learn why. Here is all of what this page may report for that, and what it has reported.',
  ),

  pending: text('pending', 'Not decided yet'),
  pendingWhy: text(
    'pendingWhy',
    'The setting of the meeting’s servers has not been read yet. Until then nothing is sent.',
  ),
  open: text('open', 'This page reports how joining goes'),
  openWhy: (identity: string) =>
    msg(str`The administrator has switched it on, in the setting “${identity}”.`, { id: 'openWhy' }),
  openWhyInline: text('openWhyInline', 'The administrator has switched it on.'),
  openClient: text(
    'openClient',
    'In this application the device census is always reported. The rest depends on your organization and on you.',
  ),
  closed: text('closed', 'Nothing is collected'),
  closedWhy: (identity: string) =>
    msg(str`It is switched off in the setting “${identity}”, as it is unless an administrator switches it on.`, {
      id: 'closedWhy',
    }),
  closedDoubt: text('closedDoubt', 'No administrator has said clearly that this page may. In doubt it does not.'),
  closedPurged: text('closedPurged', 'Everything was deleted. Nothing is collected until the page is opened again.'),
  closedMissing: text('closedMissing', 'There is no telemetry on this page.'),
  setAt: text('setAt', 'Where it was set'),
  scopeService: text('scopeService', 'for this server pool'),
  scopeSite: text('scopeSite', 'for the site of the servers'),
  scopeGlobal: text('scopeGlobal', 'for the whole organization'),
  reason: text('reason', 'In technical terms'),

  optIn: text('optIn', 'Also send error reports'),
  optInWhy: text(
    'optInWhy',
    'They help to find the cause of a problem, and may hold your user name. You can take this back at any time: what was kept for it is then deleted.',
  ),
  optInForbidden: text('optInForbidden', 'Your organization has switched error reports off.'),

  what: text('what', 'What is collected, and why'),
  isCollected: text('isCollected', 'collected'),
  isNotCollected: text('isNotCollected', 'not collected'),
  everyRecord: text('everyRecord', 'With every record'),
  everyRecordWhy: text(
    'everyRecordWhy',
    'The environment, coarse enough to fit very many people, and what the delivery needs.',
  ),
  datum: text('datum', 'Datum'),
  why: text('why', 'Why'),
  example: text('example', 'Example'),
  hashed: text('hashed', 'Hashed on this device and again when received: nobody can tell who it is.'),
  hashedLater: text('hashedLater', 'The collector hashes it before it stores anything.'),
  random: text('random', 'Random: says nothing about you.'),
  scrubbed: text('scrubbed', 'Names, addresses, links and meeting keys are taken out first.'),

  records: text('records', 'The records themselves'),
  waiting: (count: string) => msg(str`Waiting to be sent (${count})`, { id: 'waiting' }),
  waitingNone: text('waitingNone', 'Nothing is waiting.'),
  waitingMore: (shown: number) => msg(str`The oldest ${shown} are shown.`, { id: 'waitingMore' }),
  sent: (count: string) => msg(str`Sent lately (${count})`, { id: 'sent' }),
  sentNone: text('sentNone', 'Nothing has been sent lately.'),
  dropped: (count: string) => msg(str`Lost (${count})`, { id: 'dropped' }),
  droppedNone: text('droppedNone', 'Nothing has been lost.'),
  droppedCount: text('droppedCount', 'Number'),
  droppedReason: text('droppedReason', 'Reason'),
  category: text('category', 'Category'),
  raw: text('raw', 'As it is sent (OTLP JSON)'),
  rawOf: (name: string) => msg(str`${name}, as it is sent`, { id: 'rawOf' }),

  deleteTitle: text('deleteTitle', 'Deletion'),
  delete: text('delete', 'Delete everything now'),
  deleteWhy: text(
    'deleteWhy',
    'Deletes what waits, the ids of this device and the background worker, in every tab, and stops collecting until the page is opened again. What has been sent already stays with the operator.',
  ),
  deleting: text('deleting', 'Deleting…'),
  receipt: (time: string, count: string) =>
    msg(
      str`Deleted on ${time}, with the ids of this device and the background worker. Records that were waiting: ${count}.`,
      {
        id: 'receipt',
      },
    ),
  receiptPart: (time: string, count: string) =>
    msg(str`Deleted on ${time}. Records that were waiting: ${count}. Other pools of this site still report.`, {
      id: 'receiptPart',
    }),
  receiptNew: text('receiptNew', 'Should this device ever report again, it will be a new one.'),
  deleteFailed: text(
    'deleteFailed',
    'Deleting failed. Clearing the site’s data in the browser’s settings always works.',
  ),
};

/** Why a record was lost. */
export const dropReasons: Record<string, () => string> = {
  queue_overflow: text('drop.queue_overflow', 'Made room for something more urgent'),
  expired: text('drop.expired', 'Waited too long'),
  too_large: text('drop.too_large', 'Too large'),
  rejected: text('drop.rejected', 'Refused as malformed'),
  partial_success: text('drop.partial_success', 'Refused by the collector'),
  refused: text('drop.refused', 'Refused by the collector'),
  gone: text('drop.gone', 'The collector is gone'),
  storage_full: text('drop.storage_full', 'This device’s storage is full'),
  storage_unavailable: text('drop.storage_unavailable', 'This device keeps nothing'),
  undeclared: text('drop.undeclared', 'Not declared, so it may not be sent'),
};

export const scopes = { service: texts.scopeService, site: texts.scopeSite, global: texts.scopeGlobal };

const stateOf = (name: string) => descriptions[name] ?? descriptions[name.replace(/[^.]+$/, '*')];

/** What a datum is called; features are named by the page. */
export const labelOf = (attribute: string): string => {
  const known = descriptions[attribute] ? attribute : attribute.replace(/[^.]+$/, '*');
  const label = stateOf(attribute)?.label;
  if (!label) return attribute;
  const name = msg(label, { id: `${known}:label` });
  return known === attribute ? name : `${name}: ${attribute.slice(known.length - 1)}`;
};

export const whyOf = (attribute: string): string => msg(stateOf(attribute)?.why ?? '', { id: `${attribute}:why` });

export const categoryLabel = (category: Category): string =>
  msg(categoryDescriptions[category].label, { id: `${category}:label` });

export const categoryWhy = (category: Category): string => {
  const { why, identifies } = categoryDescriptions[category];
  return `${msg(why, { id: `${category}:why` })} ${msg(identifies, { id: `${category}:identifies` })}`;
};

export const eventLabel = (event: string): string =>
  msg(eventDescriptions[event as EventName]?.label ?? event, { id: `${event}:event` });

/** How a datum is kept from saying who somebody is. */
export const protectionOf = (attribute: string): string => {
  const { sensitivity } = stateOf(attribute) ?? {};
  if (attribute === 'user.hash') return texts.hashed();
  if (sensitivity === 'personal') return texts.hashedLater();
  if (sensitivity === 'free text') return texts.scrubbed();
  return sensitivity === 'pseudonym' && attribute !== 'meeting.conversation.thread_id' ? texts.random() : '';
};

/** Every id that a locale must have. */
export const catalogIds = (): string[] => [
  ...Object.keys(descriptions).flatMap(name => [`${name}:label`, `${name}:why`]),
  ...Object.keys(categoryDescriptions).flatMap(name => [`${name}:label`, `${name}:why`, `${name}:identifies`]),
  ...Object.keys(eventDescriptions).map(name => `${name}:event`),
];
