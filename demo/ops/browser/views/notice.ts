import { html, type TemplateResult } from 'lit';
import type { Scene } from '../scene.js';

/** What the last action came to. It stands wherever the reader is, until the next one or until it is closed. */
export const notice = ({ model, text, act }: Scene): TemplateResult => {
  const shown = model.notice;
  // The status is always there: a screen reader tells of what changes in one, not of a new one.
  return html`<div class="toast" data-shown=${shown !== undefined} data-failed=${shown?.failed ?? false}>
    <p role="status">${shown?.words ?? ''}</p>
    <button type="button" class="quiet" ?hidden=${shown === undefined} @click=${() => act.closeNotice()}>${text.close}</button>
  </div>`;
};
