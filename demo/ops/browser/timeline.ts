import { html, LitElement, type PropertyValues, type TemplateResult } from 'lit';
import uPlot from 'uplot';
import type { JoinResult, Series, SeriesPoint } from './api.js';
import type { Scene } from './scene.js';

/** Bottom to top: what failed stands in front, on the base line, where small numbers can be compared. */
const stack: readonly JoinResult[] = ['unexpected_failure', 'expected_failure', 'abandoned', 'unknown', 'success'];

/** A drag shorter than this is a click. */
const minDragPx = 6;

/** A custom property as a canvas can take it: the browser resolves `light-dark()` for elements only. */
const color = (name: string): string => {
  const probe = document.createElement('i');
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  return resolved;
};

const colorOf = (result: JoinResult): string => color(result.replace('_', '-'));

const cumulate = (points: readonly SeriesPoint[]): number[][] => {
  const sums = points.map(() => 0);
  return stack.map(result =>
    points.map((point, at) => {
      sums[at] = (sums[at] ?? 0) + point[result];
      return sums[at];
    }),
  );
};

/** The share of fewer joins than this is noise, and drawn as a spike it would cry wolf. */
const minJudged = 5;

const failedShare = (point: SeriesPoint): number | null => {
  const judged = point.success + point.unexpected_failure;
  return judged < minJudged ? null : (point.unexpected_failure / judged) * 100;
};

const total = (point: SeriesPoint): number => stack.reduce((sum, result) => sum + point[result], 0);

/** "Since when not?": joins over time, stacked by result, above the share that failed for the service's reasons. */
export class Timeline extends LitElement {
  static override properties = { scene: { attribute: false } };
  declare scene: Scene | undefined;

  #plots: uPlot[] = [];
  #resize = new ResizeObserver(() => this.#fit());
  #drawn = '';

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resize.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resize.disconnect();
    this.#clear();
  }

  #clear(): void {
    for (const plot of this.#plots) plot.destroy();
    this.#plots = [];
    this.#drawn = '';
  }

  #fit(): void {
    for (const plot of this.#plots) plot.setSize({ width: this.clientWidth, height: plot.height });
  }

  get #series(): Series | undefined {
    return this.scene?.model.overview?.series;
  }

  /** Redraws from scratch only when language, theme or step changed; new figures alone are set. */
  protected override updated(_changed: PropertyValues): void {
    const { scene } = this;
    const series = this.#series;
    if (!scene || !series) return;
    const look = `${scene.model.language} ${scene.model.theme} ${series.stepMs} ${matchMedia('(prefers-color-scheme: dark)').matches}`;
    if (look !== this.#drawn) {
      this.#clear();
      this.#draw(scene, series);
      this.#drawn = look;
    }
    const times = series.points.map(({ atMs }) => atMs / 1000);
    const [counts, shares] = this.#plots;
    counts?.setData([times, ...cumulate(series.points).reverse()]);
    shares?.setData([times, series.points.map(failedShare)]);
  }

  #axes(scene: Scene, series: Series, withTimes: boolean, format: (value: number) => string): uPlot.Axis[] {
    const stroke = color('soft');
    const grid = { stroke: color('line'), width: 1 };
    const times: uPlot.Axis = {
      stroke,
      grid: { show: false },
      ticks: { stroke: color('line'), width: 1, size: 4 },
      size: withTimes ? 28 : 4,
      space: 90,
      values: (_, seconds) => seconds.map(at => (withTimes ? this.#label(scene, series, at * 1000) : '')),
      font: '12px system-ui, sans-serif',
    };
    const values: uPlot.Axis = {
      stroke,
      grid,
      ticks: { show: false },
      size: 48,
      space: 34,
      values: (_, list) => list.map(format),
      font: '12px system-ui, sans-serif',
    };
    return [times, values];
  }

  #label(scene: Scene, series: Series, atMs: number): string {
    const spanMs = series.points.length * series.stepMs;
    const locale = scene.model.language === 'it' ? 'it-IT' : 'en-GB';
    const options: Intl.DateTimeFormatOptions =
      spanMs > 2 * 86_400_000 ? { day: 'numeric', month: 'short' } : { hour: '2-digit', minute: '2-digit' };
    return new Intl.DateTimeFormat(locale, options).format(atMs);
  }

  /** Shades the outages behind the bars. */
  #shade(plot: uPlot): void {
    const findings = this.#series?.findings ?? [];
    plot.ctx.save();
    plot.ctx.fillStyle = color('outage');
    for (const { fromMs, toMs } of findings) {
      const left = plot.valToPos(fromMs / 1000, 'x', true);
      const right = plot.valToPos(toMs / 1000, 'x', true);
      plot.ctx.fillRect(left, plot.bbox.top, Math.max(2, right - left), plot.bbox.height);
    }
    plot.ctx.restore();
  }

  #options(height: number, axes: uPlot.Axis[], series: uPlot.Series[], stepMs: number): uPlot.Options {
    return {
      width: Math.max(this.clientWidth, 200),
      height,
      // Room for the half of a label that stands at the very end.
      padding: [8, 22, 0, 0],
      legend: { show: false },
      cursor: {
        sync: { key: 'time' },
        drag: { x: true, y: false, setScale: false },
        points: { show: false },
        y: false,
      },
      scales: {
        x: { time: true, range: (_, low, high) => [low, high + stepMs / 1000] },
        y: { range: (_, __, high) => [0, Math.max(high * 1.08, 1)] },
      },
      axes,
      series: [{}, ...series],
      hooks: {
        drawClear: [plot => this.#shade(plot)],
        setSelect: [plot => this.#zoom(plot)],
        setCursor: [plot => this.#tell(plot)],
      },
    };
  }

  #draw(scene: Scene, series: Series): void {
    const bars = uPlot.paths.bars?.({ size: [0.86, 48, 1], align: 1, gap: 0 });
    const stacked = [...stack].reverse().map(
      (result): uPlot.Series => ({
        fill: colorOf(result),
        width: 0,
        points: { show: false },
        ...(bars ? { paths: bars } : {}),
      }),
    );
    const count = (value: number): string => scene.format.count(value);
    const percent = (value: number): string => `${scene.format.count(value)} %`;
    const counts = this.querySelector<HTMLElement>('[data-plot=counts]');
    const shares = this.querySelector<HTMLElement>('[data-plot=shares]');
    if (!counts || !shares) return;
    const stepped = uPlot.paths.stepped?.({ align: 1 });
    const line: uPlot.Series = {
      stroke: colorOf('unexpected_failure'),
      width: 1.5,
      fill: color('outage'),
      points: { show: false },
      ...(stepped ? { paths: stepped } : {}),
    };
    const empty = (n: number): uPlot.AlignedData => [[], ...Array.from({ length: n }, () => [])] as uPlot.AlignedData;
    const top = this.#options(220, this.#axes(scene, series, false, count), stacked, series.stepMs);
    const bottom = this.#options(104, this.#axes(scene, series, true, percent), [line], series.stepMs);
    this.#plots = [new uPlot(top, empty(stack.length), counts), new uPlot(bottom, empty(1), shares)];
  }

  #zoom(plot: uPlot): void {
    const { scene } = this;
    const series = this.#series;
    const { left, width } = plot.select;
    if (!scene || !series || width < minDragPx) return;
    const at = (px: number): number => plot.posToVal(px, 'x') * 1000;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    const first = series.points.findLast(({ atMs }) => atMs <= at(left)) ?? series.points[0];
    const last = series.points.findLast(({ atMs }) => atMs < at(left + width)) ?? first;
    if (first && last) this.#show(first.atMs, this.#endOf(last));
  }

  /** Where the next bar begins: a day is not always as long as the others. */
  #endOf({ atMs }: SeriesPoint): number {
    const stepMs = this.#series?.stepMs ?? 0;
    return this.#series?.points.find(point => point.atMs > atMs)?.atMs ?? atMs + stepMs;
  }

  #show(fromMs: number, toMs: number): void {
    const { scene } = this;
    if (scene) scene.act.show({ ...scene.model.view, range: undefined, fromMs, toMs });
  }

  /** The row under the pointer, in words. */
  #tell(plot: uPlot): void {
    const point = this.#series?.points[plot.cursor.idx ?? -1];
    const place = this.querySelector<HTMLElement>('[data-hover]');
    if (!place) return;
    const inside = point !== undefined && (plot.cursor.left ?? -1) >= 0;
    place.textContent = inside ? this.#words(point) : (this.scene?.text.zoomHint ?? '');
  }

  #words(point: SeriesPoint): string {
    const { scene } = this;
    if (!scene) return '';
    const { text, format } = scene;
    const parts = stack
      .filter(result => point[result] > 0)
      .map(result => `${text.results[result]} ${format.count(point[result])}`);
    return [
      format.bucket(point.atMs, this.#series?.stepMs ?? 0),
      ...parts,
      `${text.p95} ${format.duration(point.p95)}`,
    ].join(' · ');
  }

  #table(scene: Scene, series: Series): TemplateResult {
    const { text, format } = scene;
    const rows = series.points.filter(point => total(point) > 0);
    return html`<details class="twin"><summary>${text.asTable}</summary>
      <div class="scroll tall" tabindex="0" role="group" aria-label=${text.overTime(format.duration(series.stepMs))}><table class="numbers">
        <thead><tr><th scope="col">${text.time}</th>${stack.map(result => html`<th scope="col">${text.results[result]}</th>`)}
          <th scope="col">${text.median}</th><th scope="col">${text.p95}</th></tr></thead>
        <tbody>${rows.map(
          point => html`<tr><th scope="row"><button type="button" class="link" @click=${() => this.#show(point.atMs, this.#endOf(point))}>${format.bucket(point.atMs, series.stepMs)}</button></th>
            ${stack.map(result => html`<td>${format.count(point[result])}</td>`)}
            <td>${format.duration(point.p50)}</td><td>${format.duration(point.p95)}</td></tr>`,
        )}</tbody></table></div></details>`;
  }

  protected override render(): TemplateResult | undefined {
    const { scene } = this;
    const series = this.#series;
    if (!scene || !series) return undefined;
    const { text, format } = scene;
    const title = text.overTime(format.duration(series.stepMs));
    return html`<p class="legend">${[...stack].map(result => html`<span data-class=${result}><i class="sign"></i>${text.results[result]}</span>`)}</p>
      <p class="plot-title">${title}</p>
      <div data-plot="counts" aria-hidden="true"></div>
      <p class="plot-title">${text.failedShare}</p>
      <div data-plot="shares" aria-hidden="true"></div>
      <p class="hover soft" data-hover aria-hidden="true" .textContent=${text.zoomHint}></p>
      <p class="soft zone">${text.zone(format.zone)}</p>
      ${this.#table(scene, series)}`;
  }
}
