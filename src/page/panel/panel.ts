/**
 * The disclosure: what the page reports and why, the very records, and a button that deletes them. It reads what is
 * there and creates nothing: no database, no worker, no id.
 */
import { render } from 'lit/html.js';
import { purge } from '../standby.js';
import { localize } from './locale.js';
import { readHoldings } from './records.js';
import { createStyles } from './styles.js';
import { findTelemetryElement } from './telemetry-element.js';
import { type Deletion, type PanelActions, panelView } from './view.js';

/** Records are committed without a word to other tabs, so the panel looks again while it is seen. */
const refreshMs = 2_000;

/** Events of the tag that change what the panel shows. They bubble. */
const news = ['gate', 'delivered', 'dropped'].map(name => `meeting-join-telemetry-${name}`);

const shown = new WeakSet<HTMLElement>();

const createPanel = (panel: HTMLElement) => {
  const root = panel.shadowRoot ?? panel.attachShadow({ mode: 'open' });
  root.adoptedStyleSheets = [createStyles()];
  let deletion: Deletion = 'none';

  const refresh = async (): Promise<void> => {
    const element = findTelemetryElement(panel);
    const [locale, holdings] = await Promise.all([localize(panel), readHoldings()]);
    render(panelView({ locale, element, holdings, deletion }, actions), root);
  };

  const show = (next: Deletion) => {
    deletion = next;
    return refresh();
  };

  const actions: PanelActions = {
    delete: async () => {
      await show('running');
      try {
        const element = findTelemetryElement(panel);
        // Without a network the tag may lack the script that deletes; the panel has it with it.
        const receipt = await element?.purge().catch(() => purge(() => true, element));
        await show(receipt ?? 'failed');
      } catch {
        await show('failed');
      }
    },
    optIn: isIn => {
      const element = findTelemetryElement(panel);
      if (element) element.errorReportingOptIn = isIn;
      void refresh();
    },
  };
  return refresh;
};

const watch = (panel: HTMLElement, refresh: () => Promise<void>) => {
  const look = () => void (document.hidden || refresh());
  const observer = new MutationObserver(look);
  observer.observe(panel, { attributeFilter: ['for', 'lang'] });
  observer.observe(document.documentElement, { attributeFilter: ['lang'] });
  const timer = setInterval(() => {
    if (panel.isConnected) return look();
    clearInterval(timer);
    observer.disconnect();
    for (const name of news) document.removeEventListener(name, look);
    shown.delete(panel);
  }, refreshMs);
  for (const name of news) document.addEventListener(name, look);
};

/** Fills the element, and keeps it up to date as long as it is connected. */
export const showPanel = async (panel: HTMLElement): Promise<void> => {
  if (shown.has(panel)) return;
  shown.add(panel);
  const refresh = createPanel(panel);
  await refresh();
  watch(panel, refresh);
};
