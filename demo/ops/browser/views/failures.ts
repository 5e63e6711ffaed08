import { html, nothing, type TemplateResult } from 'lit';
import type { Failure } from '../api.js';
import { adviceIn, reasonIn, technically } from '../reasons.js';
import type { Scene } from '../scene.js';

const choose = ({ model, act }: Scene, failure: Failure): void => {
  const { type, code, ...others } = model.view.filters;
  const isChosen = type === failure.errorType && code === failure.code;
  const filters = isChosen ? others : { ...others, type: failure.errorType, code: failure.code };
  act.show({ ...model.view, filters });
};

const row = (scene: Scene, failure: Failure, most: number): TemplateResult => {
  const { model, text, format } = scene;
  const pressed = model.view.filters.type === failure.errorType && model.view.filters.code === failure.code;
  return html`<tr data-class=${failure.result} aria-selected=${pressed}>
    <th scope="row">
      <span class="fill" .style=${`inline-size:${((failure.attempts / most) * 100).toFixed(1)}%`}></span>
      <button type="button" aria-pressed=${pressed} @click=${() => choose(scene, failure)}
        title=${adviceIn(model.language, failure.errorType) || text.results[failure.result]}>
        <span class="sign" aria-hidden="true"></span>${failure.errorType === '' ? text.results[failure.result] : reasonIn(model.language, failure.errorType)}
        ${
          failure.errorType === ''
            ? nothing
            : html`<code>${technically(failure.errorType, failure.code)}</code><span class="visually-hidden">, ${text.results[failure.result]}</span>`
        }
      </button>
    </th>
    <td>${format.count(failure.attempts)}</td>
    <td class="soft">${failure.previousAttempts === null ? '—' : format.count(failure.previousAttempts)}</td>
    <td>${format.count(failure.devices)}</td>
  </tr>`;
};

/** What the list leaves out is not hidden. */
const restOf = ({ model, text, format }: Scene): TemplateResult | typeof nothing => {
  const { rows, attempts } = model.overview?.rest.failures ?? { rows: 0, attempts: 0 };
  if (rows === 0) return nothing;
  return html`<p class="soft" data-rest="failures">${text.restReasons(format.count(rows), format.count(attempts))}</p>`;
};

/** Why not? */
export const failures = (scene: Scene, list: readonly Failure[]): TemplateResult => {
  const { text } = scene;
  const most = Math.max(1, ...list.map(({ attempts }) => attempts));
  return html`<section class="panel" aria-labelledby="why-not">
    <h2 id="why-not">${text.whyNot}</h2>
    ${
      list.length === 0
        ? html`<p class="soft">${text.noFailures}</p>`
        : html`<div class="scroll" tabindex="0" role="group" aria-labelledby="why-not"><table class="list">
          <thead><tr><th scope="col">${text.reason}</th><th scope="col">${text.joins}</th><th scope="col" title=${text.changeHelp}>${text.change}</th>
            <th scope="col" title=${text.devicesHelp}>${text.devices}</th></tr></thead>
          <tbody>${list.map(failure => row(scene, failure, most))}</tbody>
        </table></div>${restOf(scene)}`
    }
    ${
      list.length === 0
        ? nothing
        : html`<p class="legend">${[...new Set(list.map(({ result }) => result))].map(
            result => html`<span data-class=${result}><i class="sign"></i>${text.results[result]}</span>`,
          )}</p>`
    }
  </section>`;
};
