import { html, nothing, type TemplateResult } from 'lit';
import type { JoinDetail, JoinEvent } from '../api.js';
import { adviceIn, reasonIn } from '../reasons.js';
import type { Scene } from '../scene.js';

/** Where the last stage ends: the result, or the last stage itself when none came. */
const endOf = (join: JoinDetail): number =>
  Math.max(1, join.stages.at(-1)?.atMs ?? 0, (join.durationMs ?? 0) + (join.pausedMs ?? 0));

const timeline = ({ text, format }: Scene, join: JoinDetail): TemplateResult => {
  if (join.stages.length === 0) return html`<p class="soft">${text.noStages}</p>`;
  const endMs = endOf(join);
  return html`<ol class="stages" data-class=${join.result}>${join.stages.map((stage, at) => {
    const untilMs = join.stages[at + 1]?.atMs ?? endMs;
    const start = (stage.atMs / endMs) * 100;
    const width = ((untilMs - stage.atMs) / endMs) * 100;
    return html`<li><span class="name">${stage.name}</span>
      <span class="track"><span class="stretch" .style=${`margin-inline-start:${start.toFixed(2)}%;inline-size:${width.toFixed(2)}%`}></span></span>
      <span class="number">${format.duration(untilMs - stage.atMs)}</span></li>`;
  })}</ol>
  ${join.pausedMs ? html`<p class="soft">${text.waited(format.duration(join.pausedMs))}</p>` : nothing}`;
};

const facts = ({ model, text, format }: Scene, join: JoinDetail): TemplateResult => {
  const rows: [string, string][] = [
    [text.dimensions.pool, join.pool],
    [text.dimensions.method, join.method],
    [text.dimensions.browser, join.browser],
    [text.dimensions.os, join.os],
    [text.dimensions.partner, join.partner],
    [text.reason, join.errorType === '' ? '' : `${reasonIn(model.language, join.errorType)} (${join.errorType})`],
    [text.code, [join.code, join.subcode].filter(part => part !== '').join(' / ')],
    [text.stage, join.stage],
    [text.confidence, text.confidences[join.confidence] ?? join.confidence],
    [text.duration, join.durationMs === null ? '' : format.duration(join.durationMs)],
  ];
  return html`<dl class="facts">${rows
    .filter(([, value]) => value !== '')
    .map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
};

const attributes = (event: JoinEvent): TemplateResult =>
  html`<table class="attributes"><tbody>${Object.entries(event.attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${String(value)}</td></tr>`)}</tbody></table>`;

const arrival = ({ text, format }: Scene, event: JoinEvent): TemplateResult => {
  const lateMs = event.receivedAtMs - event.recordedAtMs;
  return html`<li><details>
    <summary><b>${event.name}</b>
      <span class="soft">${text.recorded} <time datetime=${new Date(event.recordedAtMs).toISOString()}>${format.instant(event.recordedAtMs)}</time></span>
      <span class="soft">${text.received} <time datetime=${new Date(event.receivedAtMs).toISOString()}>${format.instant(event.receivedAtMs)}</time></span>
      ${lateMs > 60_000 ? html`<span class="late">${text.late(format.duration(lateMs))}</span>` : nothing}</summary>
    ${attributes(event)}</details></li>`;
};

const content = (scene: Scene, join: JoinDetail): TemplateResult => {
  const { model, text, format } = scene;
  const advice = adviceIn(model.language, join.errorType);
  return html`<p class="result" data-class=${join.result}><span class="sign" aria-hidden="true"></span><b>${text.results[join.result]}</b>
      <time datetime=${new Date(join.atMs).toISOString()}>${format.moment(join.atMs)}</time>
      ${join.synthetic ? html`<em>${text.syntheticJoin}</em>` : nothing}</p>
    ${advice === '' ? nothing : html`<p class="soft">${advice}</p>`}
    <h3>${text.stages}</h3>${timeline(scene, join)}
    <h3>${text.details}</h3>${facts(scene, join)}
    <h3>${text.events}</h3><ol class="arrivals">${join.events.map(event => arrival(scene, event))}</ol>
    <p class="soft mono">${join.id}</p>`;
};

/** A join, opened: its stages, its error detail, what arrived when. */
export const joinDetails = (scene: Scene): TemplateResult => {
  const { model, text, act } = scene;
  const { detail } = model;
  return html`<dialog class="drawer" aria-labelledby="join-title" @close=${() => act.openJoin(undefined)}>
    <div class="heading"><h2 id="join-title">${text.join}</h2>
      <form method="dialog"><button class="quiet">${text.close}</button></form></div>
    ${detail === undefined ? nothing : detail === 'missing' ? html`<p>${text.notFound}</p>` : content(scene, detail)}
  </dialog>`;
};
