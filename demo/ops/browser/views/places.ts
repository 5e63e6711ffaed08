import { html, nothing, type TemplateResult } from 'lit';
import type { BreakdownRow, Dimension } from '../api.js';
import type { Scene } from '../scene.js';

const shown: readonly Dimension[] = ['pool', 'browser', 'os', 'method', 'partner', 'app'];

const row = (scene: Scene, dimension: Dimension, place: BreakdownRow, most: number): TemplateResult => {
  const { model, text, format, act } = scene;
  const name = place.value === '' ? text.none : place.value;
  const pressed = model.view.filters[dimension] === place.value;
  const share = (n: number): string => `inline-size:${((n / most) * 100).toFixed(2)}%`;
  return html`<tr data-worse=${place.worse} aria-selected=${pressed}>
    <th scope="row">
      <span class="fill" .style=${share(place.attempts)}></span>
      <span class="fill failed" .style=${share(place.failed)}></span>
      <button type="button" aria-pressed=${pressed} @click=${() => act.filter(dimension, place.value)}>${name}
        ${place.worse ? html`<em class="worse" title=${text.worseHelp}>${text.worst}</em>` : nothing}</button>
    </th>
    <td>${format.percent(place.serviceSuccessRate.value)}${
      place.judged === 0
        ? nothing
        : html`<small class="range" title=${text.interval(format.percent(place.serviceSuccessRate.low), format.percent(place.serviceSuccessRate.high))}>${format.percents(place.serviceSuccessRate.low, place.serviceSuccessRate.high)}</small>`
    }</td>
    <td class="soft">${format.percent(place.joinSuccessRate.value)}</td>
    <td>${format.count(place.attempts)}</td>
  </tr>`;
};

const move = (event: KeyboardEvent): void => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step === undefined) return;
  const tabs = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('[role=tab]')];
  const at = tabs.indexOf(document.activeElement as HTMLElement);
  const next = tabs[(at + step + tabs.length) % tabs.length];
  next?.focus();
  next?.click();
};

const tabs = ({ model, text, act }: Scene): TemplateResult =>
  html`<div class="tabs" role="tablist" aria-labelledby="where-not" @keydown=${move}>
    ${shown.map(dimension => {
      const selected = dimension === model.view.by;
      return html`<button type="button" role="tab" id=${`tab-${dimension}`} aria-selected=${selected} aria-controls="places"
        tabindex=${selected ? 0 : -1} @click=${() => act.show({ ...model.view, by: dimension })}>${text.dimensions[dimension]}</button>`;
    })}
  </div>`;

/** What the list leaves out is not hidden. */
const restOf = ({ model, text, format }: Scene, dimension: Dimension): TemplateResult | typeof nothing => {
  const { rows, attempts } = model.overview?.rest[dimension] ?? { rows: 0, attempts: 0 };
  if (rows === 0) return nothing;
  return html`<p class="soft" data-rest=${dimension}>${text.restPlaces(format.count(rows), format.count(attempts))}</p>`;
};

/** Where not? */
export const places = (scene: Scene): TemplateResult => {
  const { text, model } = scene;
  const dimension = model.view.by;
  const list = model.overview?.breakdowns[dimension] ?? [];
  const most = Math.max(1, ...list.map(({ attempts }) => attempts));
  return html`<section class="panel" aria-labelledby="where-not">
    <div class="heading"><h2 id="where-not">${text.whereNot}</h2>${tabs(scene)}</div>
    <div id="places" class="scroll" role="tabpanel" tabindex="0" aria-labelledby=${`tab-${dimension}`}>
      <table class="list">
        <thead><tr><th scope="col">${text.dimensions[dimension]}</th>
          <th scope="col" title=${text.serviceSuccessHelp}>${text.serviceSuccess}</th>
          <th scope="col" title=${text.joinSuccessHelp}>${text.joinSuccess}</th><th scope="col">${text.joins}</th></tr></thead>
        <tbody>${list.map(place => row(scene, dimension, place, most))}</tbody>
      </table>${restOf(scene, dimension)}
    </div>
  </section>`;
};
