import { html, nothing, type TemplateResult } from 'lit';
import { parseAddress } from '../address.js';
import type { Scene } from '../scene.js';

/** What stands between the reader and fresh figures, if anything. */
export const healthNotice = ({ model, text, format, act }: Scene): TemplateResult | typeof nothing => {
  const { health } = model;
  switch (health.state) {
    case 'ready':
      return nothing;
    case 'loading':
      return model.overview ? nothing : html`<p class="loading" aria-busy="true">${text.loading}</p>`;
    case 'unreachable':
      return html`<p class="notice alert" role="alert">${model.loadedAtMs ? text.unreachable(format.instant(model.loadedAtMs)) : text.unreachableFirst}</p>`;
    case 'signed-out':
      return html`<section class="panel empty" role="alert"><h2>${text.signedOut}</h2><p>${text.signedOutHelp}</p></section>`;
    case 'bad-filter':
      return html`<p class="notice alert" role="alert">${text.badFilter}: ${health.problem}.
        <button type="button" class="link" @click=${() => act.show(parseAddress(''))}>${text.showDefault}</button></p>`;
    default:
      return health satisfies never;
  }
};
