import { html, nothing, type TemplateResult } from 'lit';
import type { Delivery, LatenessName, Vital } from '../api.js';
import type { Scene } from '../scene.js';

const lateness = ({ text, format }: Scene, delivery: Delivery): TemplateResult => {
  const rows = Object.entries(delivery.lateness) as [LatenessName, number][];
  const total = rows.reduce((sum, [, n]) => sum + n, 0);
  if (total === 0) return html`<p class="soft">${text.noRecords}</p>`;
  return html`<table class="list">
    <thead class="visually-hidden"><tr><th scope="col">${text.delivery}</th><th scope="col">${text.share}</th><th scope="col">${text.records}</th></tr></thead>
    <tbody>${rows.map(
      ([name, n]) => html`<tr data-lateness=${name}>
        <th scope="row">${n === 0 ? nothing : html`<span class="fill" .style=${`inline-size:${((n / total) * 100).toFixed(2)}%`}></span>`}<span class="label">${text.lateness[name]}</span></th>
        <td class="soft">${format.percent(n / total)}</td><td>${format.count(n)}</td></tr>`,
    )}</tbody></table>`;
};

const dropped = ({ text, format }: Scene, delivery: Delivery): TemplateResult =>
  delivery.dropped.length === 0
    ? html`<p class="soft">${text.nothingDropped}</p>`
    : html`<table class="list">
      <thead class="visually-hidden"><tr><th scope="col">${text.reason}</th><th scope="col">${text.records}</th></tr></thead>
      <tbody>${delivery.dropped.map(
        ({ reason, count }) =>
          html`<tr><th scope="row"><span class="label" title=${reason}>${text.dropReasons[reason] ?? reason}</span></th><td>${format.count(count)}</td></tr>`,
      )}</tbody></table>`;

const vitalValue = ({ format }: Scene, { name, p75 }: Vital): string =>
  name === 'cls' ? format.count(Math.round(p75 * 1000) / 1000) : format.duration(p75);

const vitals = (scene: Scene, list: readonly Vital[]): TemplateResult =>
  list.length === 0
    ? html`<p class="soft">${scene.text.noVitals}</p>`
    : html`<dl class="vitals">${list.map(
        vital => html`<div data-rating=${vital.rating}><dt>${scene.text.vitalNames[vital.name]} <small>${vital.name.toUpperCase()}</small></dt>
          <dd>${vitalValue(scene, vital)} <small>${scene.text.ratings[vital.rating]} · ${scene.text.samples(scene.format.count(vital.samples))}</small></dd></div>`,
      )}</dl>`;

/** The offline story: how late beacons came, what clients gave up; and how the pages feel. */
export const delivery = (scene: Scene): TemplateResult | typeof nothing => {
  const { model, text } = scene;
  if (!model.overview) return nothing;
  return html`<section class="panel three" aria-label=${text.delivery}>
    <div><h2>${text.delivery}</h2>${lateness(scene, model.overview.delivery)}</div>
    <div><h2>${text.droppedTitle} <small class="soft">${text.droppedNote}</small></h2>${dropped(scene, model.overview.delivery)}</div>
    <div><h2>${text.vitals} <small class="soft">${text.vitalsNote}</small></h2>${vitals(scene, model.overview.vitals)}</div>
  </section>`;
};
