import type { Messages } from './messages.js';
import { findTag, type MeetingJoinTelemetryElement } from './tag.js';

/** How often the number of waiting records is read while the page is looked at. */
const pollMs = 1000;
/** How long the tag's script may take before the panel says that it is missing. */
const missingAfterMs = 5000;
const maxLogLines = 30;

const find = (selector: string): HTMLElement => document.querySelector(selector) as HTMLElement;

const log = (kind: string, words: string): void => {
  const line = document.createElement('li');
  const time = document.createElement('time');
  time.textContent = new Date().toTimeString().slice(0, 8);
  line.dataset.kind = kind;
  line.append(time, ` ${words}`);
  const list = find('[data-log]');
  list.prepend(line);
  while (list.childElementCount > maxLogLines) list.lastElementChild?.remove();
};

const stateIn = (text: Messages, state: MeetingJoinTelemetryElement['gate']['state']): string =>
  ({ pending: text.gatePending, open: text.gateOpen, closed: text.gateClosed })[state];

const scopeIn = (text: Messages, scope: MeetingJoinTelemetryElement['gate']['scope']): string =>
  scope ? { service: text.scopeService, site: text.scopeSite, global: text.scopeGlobal }[scope] : '';

const showGate = (tag: MeetingJoinTelemetryElement, text: Messages): void => {
  const { state, scope, reason } = tag.gate;
  const chip = find('[data-gate]');
  chip.dataset.gate = state;
  chip.textContent = stateIn(text, state);
  find('[data-gate-scope]').textContent = scopeIn(text, scope);
  find('[data-gate-help]').hidden = state !== 'closed';
  find('[data-gate-reason]').textContent = reason;
};

const showCount = (selector: string, count: number): void => {
  const output = find(selector);
  output.dataset.count = String(count);
  output.textContent = count.toLocaleString(document.documentElement.lang, { useGrouping: 'always' });
};

const add = (selector: string, count: number): void =>
  showCount(selector, Number(find(selector).dataset.count ?? 0) + count);

const observe = (tag: MeetingJoinTelemetryElement, text: () => Messages): void => {
  tag.addEventListener('meeting-join-telemetry-gate', () => {
    showGate(tag, text());
    log('gate', `${text().logGate}: ${stateIn(text(), tag.gate.state)}`);
  });
  tag.addEventListener('meeting-join-telemetry-delivered', ({ count }) => {
    add('[data-delivered]', count);
    log('delivered', `${text().logDelivered}: ${count}`);
  });
  tag.addEventListener('meeting-join-telemetry-dropped', ({ count, reason }) => {
    add('[data-dropped]', count);
    log('dropped', `${text().logDropped}: ${count} (${reason})`);
  });
  const poll = async (): Promise<void> => {
    if (!document.hidden) showCount('[data-queued]', await tag.queued());
    showGate(tag, text());
  };
  setInterval(poll, pollMs);
  find('[data-flush]').addEventListener('click', () => tag.flush());
};

/** Shows beside the launcher what the tag does: its gate and why, what waits, what was delivered. */
export const watchTag = (text: () => Messages): void => {
  const pool = document.querySelector('meeting-join-telemetry')?.getAttribute('pool') ?? '';
  const link = find('[data-console]') as HTMLAnchorElement;
  link.href = `/ops/?${new URLSearchParams(pool === '' ? {} : { pool })}`;
  const missing = setTimeout(() => {
    find('[data-gate]').textContent = text().gateMissing;
  }, missingAfterMs);
  customElements.whenDefined('meeting-join-telemetry').then(() => {
    clearTimeout(missing);
    const tag = findTag();
    if (tag) observe(tag, text);
  });
};
