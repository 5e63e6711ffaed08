import { html, nothing, type TemplateResult } from 'lit';
import type { AuditEntry, Collection, Configurations, Governed } from '../api.js';
import type { Scene } from '../scene.js';

const flip = ({ text, act }: Scene, { identity, enabled }: Pick<Collection, 'identity' | 'enabled'>): void => {
  if (!enabled || confirm(text.confirmOff(identity))) act.setFlag(identity, !enabled);
};

const flagSwitch = (scene: Scene, collection: Collection): TemplateResult => {
  const { text } = scene;
  const { identity, enabled } = collection;
  return html`<button type="button" role="switch" aria-checked=${enabled} class="switch"
    aria-label=${enabled ? text.switchOff(identity) : text.switchOn(identity)}
    @click=${() => flip(scene, collection)}><span class="knob" aria-hidden="true"></span></button>`;
};

const collections = (scene: Scene, list: readonly Collection[]): TemplateResult => {
  const { text } = scene;
  return html`<table class="list plain">
    <thead><tr><th scope="col">${text.identity}</th><th scope="col" class="scope">${text.scope}</th><th scope="col">${text.telemetry}</th></tr></thead>
    <tbody>${list.map(
      collection => html`<tr data-identity=${collection.identity}><th scope="row"><span class="label mono">${collection.identity}</span></th>
        <td class="scope">${text.scopes[collection.scope]}</td>
        <td class="flagged"><span class="state" data-on=${collection.enabled}>${collection.enabled ? text.on : text.off}</span> ${flagSwitch(scene, collection)}</td></tr>`,
    )}</tbody></table>`;
};

const ownIdentity = (pool: string): string => `service:WebServer:${pool}`;

const governed = (scene: Scene, list: readonly Governed[]): TemplateResult => {
  const { text } = scene;
  const own = ({ pool, scope, enabled }: Governed): TemplateResult | typeof nothing => {
    if (scope === 'service') return nothing;
    const words = enabled ? text.ownCollectionOff(pool) : text.ownCollection(pool);
    return html`<button type="button" class="link" aria-label=${words} title=${words}
      @click=${() => flip(scene, { identity: ownIdentity(pool), enabled })}>${enabled ? text.turnOff : text.turnOn}</button>`;
  };
  const follows = ({ scope, identity }: Governed): string =>
    scope === 'service' ? text.itsOwn : (identity ?? text.nothingFollowed);
  return html`<table class="list plain">
    <thead><tr><th scope="col">${text.dimensions.pool}</th><th scope="col">${text.telemetry}</th><th scope="col">${text.follows}</th></tr></thead>
    <tbody>${list.map(
      entry => html`<tr data-pool=${entry.pool}><th scope="row"><span class="label">${entry.pool}</span></th>
        <td><span class="state" data-on=${entry.enabled}>${entry.enabled ? text.on : text.off}</span></td>
        <td title=${entry.reason}>${follows(entry)} ${own(entry)}</td></tr>`,
    )}</tbody></table>`;
};

const change = ({ text }: Scene, { before, after }: AuditEntry): string => {
  const said = (flag: boolean | null): string => {
    if (flag === null) return text.newCollection;
    return flag ? text.on : text.off;
  };
  return before === after ? said(after) : `${said(before)} → ${said(after)}`;
};

const audit = (scene: Scene, list: readonly AuditEntry[]): TemplateResult =>
  list.length === 0
    ? html`<p class="soft">${scene.text.noAudit}</p>`
    : html`<ol class="audit" tabindex="0" aria-labelledby="audit">${list.map(
        entry => html`<li><time datetime=${new Date(entry.atMs).toISOString()}>${scene.format.moment(entry.atMs)}</time> <b>${entry.who}</b>
          <span class="mono">${entry.identity}</span> <span>${scene.text.telemetry}: ${change(scene, entry)}</span></li>`,
      )}</ol>`;

const nameKey = 'console-operator';

/** The operators share one token, so who switched what is what they call themselves. */
export const operatorName = (): string => localStorage.getItem(nameKey) ?? '';

const body = (scene: Scene, { collections: list, pools, audit: entries }: Configurations): TemplateResult => {
  const { text, act } = scene;
  const choose = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    if (file) act.importConfiguration(file);
    input.value = '';
  };
  return html`<p class="soft">${text.poolsIntro}</p>
    <div class="two"><div class="scroll" tabindex="0" role="group" aria-labelledby="pools-title">${governed(scene, pools)}</div><div><div class="scroll" tabindex="0" role="group" aria-labelledby="pools-title">${collections(scene, list)}</div>
      <div class="row">
        <a class="quiet" href="/api/configurations/export" download="web-service-configuration.json">${text.exportConfiguration}</a>
        <label class="quiet">${text.importConfiguration}<input type="file" class="visually-hidden" accept=".json,application/json" @change=${choose}></label>
        <label class="who"><span>${text.yourName}</span>
          <input type="text" maxlength="64" autocomplete="name" .value=${operatorName()}
            @change=${(event: Event) => localStorage.setItem(nameKey, (event.target as HTMLInputElement).value)}></label>
      </div></div></div>
    <h3 id="audit">${text.audit}</h3>${audit(scene, entries)}`;
};

export const pools = (scene: Scene): TemplateResult | typeof nothing => {
  const { configurations } = scene.model;
  if (!configurations) return nothing;
  return html`<section class="panel" id="pools" aria-labelledby="pools-title">
    <h2 id="pools-title">${scene.text.pools}</h2>${body(scene, configurations)}</section>`;
};
