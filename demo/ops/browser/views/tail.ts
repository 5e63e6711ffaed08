import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Join } from '../api.js';
import { reasonIn, technically } from '../reasons.js';
import type { Scene } from '../scene.js';

/** A beacon that took longer than this came late: the network, the tab or the browser was gone meanwhile. */
const lateAfterMs = 60_000;

/** A result may still come: the join goes on. */
const underWayMs = 120_000;

const resultOf = ({ text }: Scene, join: Join): string =>
  join.result === 'unknown' && Date.now() - join.atMs < underWayMs ? text.underWay : text.results[join.result];

const why = ({ model }: Scene, { errorType, code }: Join): TemplateResult | typeof nothing =>
  errorType === ''
    ? nothing
    : html`${reasonIn(model.language, errorType)}${code === '' ? nothing : html` <code class="soft">${code}</code>`}`;

const line = (scene: Scene, join: Join): TemplateResult => {
  const { text, format, act } = scene;
  const lateMs = join.receivedAtMs - join.atMs - (join.durationMs ?? 0);
  return html`<tr data-class=${join.result}>
    <td class="when soft"><time datetime=${new Date(join.atMs).toISOString()}>${format.instant(join.atMs)}</time></td>
    <td class="what"><button type="button" class="open" @click=${() => act.openJoin(join.id)} title=${text.opened}>
      <span class="sign" aria-hidden="true"></span>${resultOf(scene, join)}<span class="visually-hidden">, ${format.instant(join.atMs)}, ${join.pool}</span></button></td>
    <td class="why" title=${technically(join.errorType, join.code)}>${why(scene, join)}</td>
    <td class="pool">${join.pool}</td>
    <td class="method">${join.method}</td>
    <td class="optional">${join.browser}</td>
    <td class="optional">${join.os}</td>
    <td class="number">${format.duration(join.durationMs)}</td>
    <td class="notes soft">${lateMs > lateAfterMs ? text.late(format.duration(lateMs)) : nothing}${join.synthetic ? html` <em>${text.syntheticJoin}</em>` : nothing}</td>
  </tr>`;
};

/** Each join stands in one bar of the chart. */
const countJoins = ({ model }: Scene): number =>
  (model.overview?.series.points ?? [])
    .flatMap(({ success, expected_failure, unexpected_failure, abandoned, unknown }) => [
      success,
      expected_failure,
      unexpected_failure,
      abandoned,
      unknown,
    ])
    .reduce((sum, n) => sum + n, 0);

const maxJoins = 500;

/** Of how many joins these are the newest. */
const extent = (scene: Scene): TemplateResult | typeof nothing => {
  const { model, text, format, act } = scene;
  const all = countJoins(scene);
  if (all <= model.tail.length) return nothing;
  const more = html`<button type="button" class="link" @click=${() => act.showMoreJoins()}>${text.showMore(format.count(Math.min(all, maxJoins)))}</button>`;
  return html`<p class="soft" data-extent>${text.newest(format.count(model.tail.length), format.count(all))} ${model.tailLimit < maxJoins ? more : nothing}</p>`;
};

/** Nothing new comes into a period that is over, but for what was late. */
const isOver = ({ model }: Scene): boolean => model.view.range === undefined && model.view.toMs !== undefined;

/** The latest joins, newest first, as they arrive. */
export const tail = (scene: Scene): TemplateResult => {
  const { model, text } = scene;
  return html`<section class="panel" aria-labelledby="tail">
    <h2 id="tail">${isOver(scene) ? text.joins : text.tail}</h2>
    ${
      model.tail.length === 0
        ? html`<p class="soft">${text.tailEmpty}</p>`
        : html`<div class="scroll tall" tabindex="0" role="group" aria-labelledby="tail"><table class="tail">
          <thead class="visually-hidden"><tr><th scope="col">${text.time}</th><th scope="col">${text.result}</th><th scope="col">${text.reason}</th>
            <th scope="col">${text.dimensions.pool}</th><th scope="col">${text.dimensions.method}</th><th scope="col">${text.dimensions.browser}</th>
            <th scope="col">${text.dimensions.os}</th><th scope="col">${text.duration}</th><th scope="col">${text.details}</th></tr></thead>
          <tbody>${repeat(
            model.tail,
            join => join.id,
            join => line(scene, join),
          )}</tbody>
        </table></div>${extent(scene)}`
    }
  </section>`;
};
