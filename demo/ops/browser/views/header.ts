import { html, nothing, type TemplateResult } from 'lit';
import type { Language } from '../../../browser/language.js';
import { filterNames, type RangeName, rangeMs, toQuery } from '../address.js';
import { reasonIn } from '../reasons.js';
import type { Scene, Theme } from '../scene.js';

const ranges = [...Object.keys(rangeMs), 'all'] as RangeName[];

const chosenIn = (event: Event): string => (event.target as HTMLSelectElement).value;

/** Pools that the period or the configuration knows, and the one filtered by even when neither does. */
const knownPools = ({ model }: Scene): string[] => {
  const names = new Set<string>();
  for (const { value } of model.overview?.breakdowns.pool ?? []) if (value !== '') names.add(value);
  for (const { pool } of model.configurations?.pools ?? []) names.add(pool);
  const { pool } = model.view.filters;
  if (pool !== undefined && pool !== '') names.add(pool);
  return [...names].sort();
};

const choosePool = (scene: Scene, pool: string): void => {
  const filters = { ...scene.model.view.filters };
  if (pool === '') delete filters.pool;
  else filters.pool = pool;
  scene.act.show({ ...scene.model.view, filters });
};

const poolSelect = (scene: Scene): TemplateResult => {
  const { text, model } = scene;
  const chosen = model.view.filters.pool ?? '';
  return html`<label class="select">
    <span class="visually-hidden">${text.pool}</span>
    <select @change=${(event: Event) => choosePool(scene, chosenIn(event))}>
      <option value="" ?selected=${chosen === ''}>${text.allPools}</option>
      ${knownPools(scene).map(pool => html`<option value=${pool} ?selected=${pool === chosen}>${pool}</option>`)}
    </select>
  </label>`;
};

const customLabel = ({ model, text, format }: Scene): string => {
  const { fromMs, toMs } = model.view;
  const moment = (ms: number | undefined): string => (ms === undefined ? '…' : format.moment(ms));
  return text.customRange(moment(fromMs), moment(toMs));
};

const rangeSelect = (scene: Scene): TemplateResult => {
  const { text, model, act } = scene;
  const { range } = model.view;
  const choose = (event: Event): void =>
    act.show({ ...model.view, range: chosenIn(event) as RangeName, fromMs: undefined, toMs: undefined });
  return html`<label class="select">
    <span class="visually-hidden">${text.period}</span>
    <select @change=${choose}>
      ${range === undefined ? html`<option value="" selected>${customLabel(scene)}</option>` : nothing}
      ${ranges.map(name => html`<option value=${name} ?selected=${name === range}>${text.ranges[name]}</option>`)}
    </select>
  </label>`;
};

const liveMark = ({ model, text, format }: Scene): TemplateResult =>
  html`<p class="live" data-live=${model.live}><span class="dot" aria-hidden="true"></span>${
    model.live ? text.liveSince(model.loadedAtMs ? format.time(model.loadedAtMs) : '') : text.reconnecting
  }</p>`;

const exportMenu = ({ model, text }: Scene): TemplateResult => {
  const query = toQuery(model.view, Date.now());
  // What is left out of the figures is left out of the file.
  query.set('synthetic', model.view.synthetic ? '1' : '0');
  const address = (format: string): string => {
    query.set('format', format);
    return `/api/events?${query}`;
  };
  const closeWithEscape = (event: KeyboardEvent): void => {
    const menu = event.currentTarget as HTMLDetailsElement;
    if (event.key !== 'Escape' || !menu.open) return;
    menu.open = false;
    menu.querySelector('summary')?.focus();
  };
  return html`<details class="menu" @keydown=${closeWithEscape}>
    <summary title=${text.exportAs}>
      <svg viewBox="0 0 20 20" aria-hidden="true"><path d="M10 3v9m-3.500-3.500L10 12l3.500-3.500M4 16h12"/></svg>
      <span class="visually-hidden">${text.exportAs}</span>
    </summary>
    <div class="popover">
      <strong>${text.exportAs}</strong>
      <a href=${address('csv')} download>CSV</a>
      <a href=${address('ndjson')} download>NDJSON</a>
      <a href=${address('parquet')} download>Parquet</a>
    </div>
  </details>`;
};

const themes: readonly Theme[] = ['system', 'light', 'dark'];

const themeSelect = ({ model, text, act }: Scene): TemplateResult =>
  html`<label class="select narrow">
    <span class="visually-hidden">${text.theme}</span>
    <select @change=${(event: Event) => act.setTheme(chosenIn(event) as Theme)}>
      ${themes.map(theme => html`<option value=${theme} ?selected=${theme === model.theme}>${text.themes[theme]}</option>`)}
    </select>
  </label>`;

const languageButtons = ({ model, text, act }: Scene): TemplateResult =>
  html`<div class="languages" role="group" aria-label=${text.language}>
    ${(['en', 'it'] satisfies Language[]).map(
      language =>
        html`<button type="button" lang=${language} aria-pressed=${language === model.language}
          @click=${() => act.setLanguage(language)}>${language}</button>`,
    )}
  </div>`;

const chips = (scene: Scene): TemplateResult | typeof nothing => {
  const { model, text, act } = scene;
  const active = filterNames.filter(name => model.view.filters[name] !== undefined);
  if (active.length === 0) return nothing;
  const label = (name: (typeof active)[number]): string => {
    if (name === 'type') return text.reason;
    if (name === 'code' || name === 'result') return text[name];
    return text.dimensions[name];
  };
  return html`<section class="chips" aria-label=${text.filters}>
    ${active.map(name => {
      const filter = model.view.filters[name] ?? '';
      const value = filter === '' ? text.none : name === 'type' ? reasonIn(model.language, filter) : filter;
      return html`<button type="button" class="chip" @click=${() => act.filter(name, filter)}
        aria-label=${text.removeFilter(`${label(name)} ${value}`)}>
        <span>${label(name)}</span> <b>${value}</b> <span aria-hidden="true">×</span>
      </button>`;
    })}
    <button type="button" class="link" @click=${() => act.show({ ...model.view, filters: {} })}>${text.clearFilters}</button>
  </section>`;
};

/** Without them nothing is live, nor will it be by itself. */
const hasFigures = ({ model }: Scene): boolean =>
  model.health.state !== 'signed-out' && model.health.state !== 'bad-filter';

export const header = (scene: Scene): TemplateResult =>
  html`<header class="bar">
      <h1><svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8"/><path d="M7 17h4l3-8 5 14 3-6h3"/></svg>${scene.text.title}</h1>
      <div class="controls">${poolSelect(scene)}${rangeSelect(scene)}</div>
      ${hasFigures(scene) ? liveMark(scene) : nothing}
      <div class="controls end">${exportMenu(scene)}${themeSelect(scene)}${languageButtons(scene)}</div>
    </header>
    ${chips(scene)}`;

/** Synthetic joins are never counted in silence, nor left out in silence. */
export const syntheticNotice = ({ model, text, format, act }: Scene): TemplateResult | typeof nothing => {
  const synthetic = model.overview?.synthetic;
  if (!synthetic || (synthetic.joins === 0 && !model.view.synthetic)) return nothing;
  if (!model.view.synthetic && model.overview?.summary.attempts === 0) return nothing;
  const n = format.count(synthetic.joins);
  const toggle = (): void => act.show({ ...model.view, synthetic: !model.view.synthetic });
  return html`<p class="notice" data-synthetic=${model.view.synthetic}>
    ${model.view.synthetic ? text.syntheticOn(n) : text.syntheticOff(n)}
    <button type="button" class="link" @click=${toggle}>${model.view.synthetic ? text.syntheticHide : text.syntheticShow}</button>
  </p>`;
};
