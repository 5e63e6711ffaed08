import { html, nothing, type TemplateResult } from 'lit';
import type { FaultKind } from '../api.js';
import type { Scene } from '../scene.js';

const kinds: readonly FaultKind[] = ['none', 'refuse', '503', '429', 'delay', 'lose'];

export const faultNotice = ({ model, text, act }: Scene): TemplateResult | typeof nothing =>
  model.fault === undefined || model.fault === 'none'
    ? nothing
    : html`<p class="notice alert" data-fault=${model.fault}>${text.faultsActive(text.faultKinds[model.fault] ?? model.fault)}
        <button type="button" class="link" @click=${() => act.setFault('none')}>${text.faultKinds.none}</button></p>`;

/** Makes the collector fail on purpose; absent where the collector does not offer it. */
export const faults = ({ model, text, act }: Scene): TemplateResult | typeof nothing => {
  if (model.fault === undefined) return nothing;
  return html`<section class="panel" aria-labelledby="faults">
    <h2 id="faults">${text.faults}</h2>
    <p class="soft">${text.faultsIntro} <a href=${`/launcher/?pool=${encodeURIComponent(model.view.filters.pool ?? 'pool01.contoso.com')}`} target="launcher">${text.openLauncher}</a></p>
    <div class="segments" role="radiogroup" aria-labelledby="faults">${kinds.map(
      kind =>
        html`<label><input type="radio" name="fault" .checked=${kind === model.fault} @change=${() => act.setFault(kind)}><span>${text.faultKinds[kind]}</span></label>`,
    )}</div>
  </section>`;
};
