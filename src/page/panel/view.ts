/** What the panel looks like: pure functions from its state to a template. */

import { repeat } from 'lit/directives/repeat.js';
import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { Drops } from '../../delivery/index.js';
import {
  type Category,
  categories,
  type EventName,
  events,
  recordAttributes,
  resourceAttributes,
  scopeAttributes,
} from '../../practices/catalog.js';
import { descriptions } from '../../practices/catalog-descriptions.js';
import { openCategories } from '../../practices/gate.js';
import type { Gate } from '../gate-event.js';
import type { Receipt } from '../opening.js';
import type { Holdings, ShownRecord } from './records.js';
import type { TelemetryElement } from './telemetry-element.js';
import {
  categoryLabel,
  categoryWhy,
  dropReasons,
  eventLabel,
  labelOf,
  protectionOf,
  scopes,
  texts,
  whyOf,
} from './texts.js';

/** A receipt: it is done. */
export type Deletion = 'none' | 'running' | 'failed' | Receipt;

export interface PanelState {
  /** The language in force. */
  locale: string;
  element: TelemetryElement | undefined;
  holdings: Holdings;
  deletion: Deletion;
}

export interface PanelActions {
  delete(): void;
  optIn(isIn: boolean): void;
}

// Italian and Spanish group from five digits on unless they are told to.
const counted = (count: number, locale: string) => count.toLocaleString(locale, { useGrouping: true });

const when = (date: Date, locale: string) => date.toLocaleString(locale, { dateStyle: 'medium', timeStyle: 'short' });

/** Without the year, which fits on a phone: no record is as old as that. */
const lately = (date: Date, locale: string) =>
  date.toLocaleString(locale, { day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' });

const whyOpen = ({ identity }: Gate, isClient: boolean) => {
  if (isClient) return texts.openClient();
  return identity ? texts.openWhy(identity) : texts.openWhyInline();
};

const whyClosed = ({ identity, reason }: Gate) => {
  if (reason === 'purged') return texts.closedPurged();
  return identity ? texts.closedWhy(identity) : texts.closedDoubt();
};

const explain = (element: TelemetryElement | undefined): [state: string, title: string, why: string] => {
  if (!element) return ['closed', texts.closed(), texts.closedMissing()];
  const { gate, surface } = element;
  if (gate.state === 'open') return ['open', texts.open(), whyOpen(gate, surface === 'client')];
  return gate.state === 'closed'
    ? ['closed', texts.closed(), whyClosed(gate)]
    : ['pending', texts.pending(), texts.pendingWhy()];
};

const stateView = (element: TelemetryElement | undefined) => {
  const [state, title, why] = explain(element);
  const { scope, reason } = element?.gate ?? {};
  return html`
    <div class="state ${state}" part="state ${state}">
      <strong>${title}</strong>
      <p>${why}</p>
      ${scope ? html`<p class="small muted">${texts.setAt()}: ${scopes[scope]()}</p>` : nothing}
      ${reason ? html`<p class="small muted">${texts.reason()}: <code lang="en">${reason}</code></p>` : nothing}
    </div>
  `;
};

const optInView = (
  { disableAutomaticSendTracing, errorReportingOptIn }: TelemetryElement,
  actions: PanelActions,
) => html`
  <div class="opt-in" part="opt-in">
    <input
      id="opt-in"
      type="checkbox"
      part="checkbox"
      aria-describedby="opt-in-why"
      .checked=${errorReportingOptIn && !disableAutomaticSendTracing}
      ?disabled=${disableAutomaticSendTracing}
      @change=${(event: Event) => actions.optIn((event.target as HTMLInputElement).checked)}
    />
    <label for="opt-in">${texts.optIn()}</label>
    <p id="opt-in-why" class="small muted">
      ${disableAutomaticSendTracing ? texts.optInForbidden() : texts.optInWhy()}
    </p>
  </div>
`;

const openOf = (element: TelemetryElement | undefined): Category[] => {
  if (element?.gate.state !== 'open') return [];
  const { surface, disableAutomaticSendTracing, errorReportingOptIn } = element;
  return openCategories({ surface, flag: true, disableAutomaticSendTracing, errorReportingOptIn });
};

const datumView = (name: string) => {
  const protection = protectionOf(name);
  return html`
    <li>
      <strong>${labelOf(name)}</strong>
      <span>${whyOf(name)} ${protection}</span>
      <span class="small muted">${texts.example()}: <code>${descriptions[name]?.example}</code> · <code>${name}</code></span>
    </li>
  `;
};

const dataView = (names: string[]) => html`
  <ul class="data" part="data">
    ${names.map(datumView)}
  </ul>
`;

const attributesOf = (category: Category): string[] => {
  const names = (Object.keys(events) as EventName[])
    .filter(name => events[name].category === category)
    .flatMap(name => Object.keys(events[name].attributes));
  return [...new Set(names)];
};

const categoryView = (category: Category, isOpen: boolean) => html`
  <details part="category">
    <summary>
      <span class="row">
        <span class="name">${categoryLabel(category)}</span>
        <span class="small muted">${isOpen ? texts.isCollected() : texts.isNotCollected()}</span>
      </span>
    </summary>
    <div class="body">
      <p>${categoryWhy(category)}</p>
      ${dataView(attributesOf(category))}
    </div>
  </details>
`;

const everyRecord = [
  ...Object.keys(resourceAttributes),
  ...Object.keys(scopeAttributes),
  ...Object.keys(recordAttributes),
  ...Object.keys(events['telemetry.dropped'].attributes),
];

const everyRecordView = () => html`
  <details part="category">
    <summary><span class="row"><span class="name">${texts.everyRecord()}</span></span></summary>
    <div class="body">
      <p>${texts.everyRecordWhy()}</p>
      ${dataView(everyRecord)}
    </div>
  </details>
`;

/** What tells one record from its neighbors at a glance. */
const telling = [
  'meeting.join.result',
  'meeting.join.method',
  'error.type',
  'exception.type',
  'browser.web_vital.name',
];

const gistOf = ({ attributes }: ShownRecord): string =>
  [...new Set(attributes.filter(([name]) => telling.includes(name)).map(([, value]) => value))].join(' · ');

const recordView = (record: ShownRecord, locale: string) => html`
  <details part="record">
    <summary>
      <span class="row">
        <span class="name">${eventLabel(record.eventName)}</span>
        <code>${gistOf(record)}</code>
        <span class="small muted about">
          ${categoryLabel(record.category)} · <time datetime=${record.at.toISOString()}>${lately(record.at, locale)}</time>
        </span>
      </span>
    </summary>
    <div class="body">
      <dl class="pairs small">
        ${record.attributes.map(([name, value]) => html`<dt title=${name}>${labelOf(name)}</dt><dd>${value}</dd>`)}
      </dl>
      <details part="raw">
        <summary class="small">${texts.raw()}</summary>
        <pre tabindex="0" role="group" aria-label=${texts.rawOf(eventLabel(record.eventName))}>${record.raw}</pre>
      </details>
    </div>
  </details>
`;

const recordsView = (title: string, none: string, records: ShownRecord[], locale: string, more?: string) => html`
  <div class="group">
    <h4>${title}</h4>
    ${
      records.length
        ? repeat(
            records,
            ({ uid }) => uid,
            record => recordView(record, locale),
          )
        : html`<p class="muted">${none}</p>`
    }
    ${more ? html`<p class="small muted more">${more}</p>` : nothing}
  </div>
`;

const dropsView = (drops: Drops[], locale: string) => {
  const lost = drops.reduce((sum, { count }) => sum + count, 0);
  const row = ({ category, reason, count }: Drops) => html`
    <tr>
      <td>${dropReasons[reason]?.() ?? reason}</td>
      <td>${categoryLabel(category)}</td>
      <td class="count">${counted(count, locale)}</td>
    </tr>
  `;
  return html`
    <div class="group">
      <h4>${texts.dropped(counted(lost, locale))}</h4>
      ${
        drops.length
          ? html`
            <table part="table">
              <thead>
                <tr>
                  <th scope="col">${texts.droppedReason()}</th>
                  <th scope="col">${texts.category()}</th>
                  <th scope="col">${texts.droppedCount()}</th>
                </tr>
              </thead>
              <tbody>${drops.map(row)}</tbody>
            </table>
          `
          : html`<p class="muted">${texts.droppedNone()}</p>`
      }
    </div>
  `;
};

const receiptText = (deletion: Deletion, locale: string): string => {
  if (deletion === 'running') return texts.deleting();
  if (deletion === 'failed') return texts.deleteFailed();
  if (deletion === 'none') return '';
  const { records, everything, at } = deletion;
  const time = when(new Date(at), locale);
  const count = counted(records, locale);
  return everything ? `${texts.receipt(time, count)} ${texts.receiptNew()}` : texts.receiptPart(time, count);
};

const deleteView = ({ element, deletion, locale }: PanelState, actions: PanelActions) => html`
  <div class="delete">
    <h3>${texts.deleteTitle()}</h3>
    <p class="small muted" id="delete-why">${texts.deleteWhy()}</p>
    <button
      type="button"
      part="button"
      aria-describedby="delete-why"
      ?disabled=${!element || deletion === 'running'}
      @click=${actions.delete}>
      ${texts.delete()}
    </button>
    <p class="receipt" part="receipt" role="status">${receiptText(deletion, locale)}</p>
  </div>
`;

export const panelView = (state: PanelState, actions: PanelActions): TemplateResult => {
  const { element, holdings, locale } = state;
  const { waiting, waitingCount, sent, drops } = holdings;
  const open = openOf(element);
  return html`
    <section part="panel" lang=${locale} aria-labelledby="title">
      <header>
        <h2 id="title" part="heading">${texts.title()}</h2>
        <p class="muted">${texts.intro()}</p>
      </header>
      <div>
        ${stateView(element)}
      </div>
      ${element?.surface === 'client' && element.gate.state === 'open' ? optInView(element, actions) : nothing}
      <div>
        <h3>${texts.what()}</h3>
        ${categories.map(category => categoryView(category, open.includes(category)))}
        ${everyRecordView()}
      </div>
      <div>
        <h3>${texts.records()}</h3>
        ${recordsView(
          texts.waiting(counted(waitingCount, locale)),
          texts.waitingNone(),
          waiting,
          locale,
          waitingCount > waiting.length ? texts.waitingMore(waiting.length) : undefined,
        )}
        ${recordsView(texts.sent(counted(sent.length, locale)), texts.sentNone(), sent, locale)}
        ${dropsView(drops, locale)}
      </div>
      ${deleteView(state, actions)}
    </section>
  `;
};
