import { html, nothing, type TemplateResult } from 'lit';
import type { Scene } from '../scene.js';

/** What an author pastes, with this very collector's addresses in it. */
const snippet = (): string => `<script type="module"
  src="${location.origin}/dist/meeting-join-telemetry.js"></script>
<meeting-join-telemetry
  pool="pool01.contoso.com"
  config-src="${location.origin}/web-service-configuration.json"
  endpoint="${location.origin}/v1/logs"></meeting-join-telemetry>`;

const powerShell =
  'Set-CsWebServiceConfiguration -Identity service:WebServer:pool01.contoso.com -MeetingUxEnableTelemetry $True';

const copyable = ({ text }: Scene, code: string): TemplateResult => {
  const copy = async (event: Event): Promise<void> => {
    const button = event.currentTarget as HTMLElement;
    try {
      await navigator.clipboard.writeText(code);
      button.textContent = text.copied;
    } catch {
      // No clipboard for a page without TLS: at least it is marked, ready to be copied by hand.
      if (button.previousElementSibling) getSelection()?.selectAllChildren(button.previousElementSibling);
    }
  };
  return html`<div class="snippet"><pre tabindex="0"><code>${code}</code></pre>
    <button type="button" class="quiet" @click=${copy}>${text.copy}</button></div>`;
};

/** An empty house: says what to paste where. */
export const emptyHouse = (scene: Scene): TemplateResult => {
  const { text } = scene;
  return html`<section class="panel empty" aria-labelledby="empty">
    <h2 id="empty">${text.emptyTitle}</h2>
    <p>${text.emptyBody}</p>${copyable(scene, snippet())}
    <p>${text.emptyPool}</p>${copyable(scene, powerShell)}
    <p><a class="solid" href="/launcher/?pool=pool01.contoso.com" target="launcher">${text.emptyTry}</a></p>
    <p class="soft">${text.emptySeed} <code>npm run seed</code></p>
  </section>`;
};

/** An empty period: the filters leave nothing, or nothing but synthetic joins. */
export const emptyPeriod = ({ text, model, format, act }: Scene): TemplateResult => {
  const widen = (): void => act.show({ ...model.view, range: 'all', fromMs: undefined, toMs: undefined, filters: {} });
  const synthetic = model.view.synthetic ? 0 : (model.overview?.synthetic.joins ?? 0);
  const count = (): void => act.show({ ...model.view, synthetic: true });
  const isFiltered = Object.keys(model.view.filters).length > 0;
  const canWiden = isFiltered || model.view.range !== 'all';
  return html`<section class="panel empty"><h2>${isFiltered ? text.emptyFiltered : text.emptyPeriod}</h2>
    ${
      synthetic > 0
        ? html`<p>${text.syntheticOff(format.count(synthetic))}</p>
          <p><button type="button" class="solid" @click=${count}>${text.syntheticShow}</button></p>`
        : html`<p><a class="solid" href="/launcher/?pool=pool01.contoso.com" target="launcher">${text.emptyTry}</a>
          ${canWiden ? html`<button type="button" class="quiet" @click=${widen}>${text.widen}</button>` : nothing}</p>`
    }</section>`;
};
